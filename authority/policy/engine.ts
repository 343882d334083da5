import type * as Cedar from '@cedar-policy/cedar-wasm/nodejs'

/** The Cedar engine as far as policies need it. It takes a tenth of a second to load, which only an Authority with a policy file spends. */
export type Engine = Pick<typeof Cedar, 'policySetTextToParts' | 'policyToJson' | 'validate' | 'preparsePolicySet' | 'statefulIsAuthorized'>
