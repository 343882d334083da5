import { instant } from '../actors/authority.ts'
import { isSuccess } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { expectNothing, suggest } from './bought.ts'
import type { PassType, ServiceStage } from './stage.ts'

/** An answer of the Authority that buys nothing; after it a good one does. */
export async function refusesAnswer(
  s: ServiceStage,
  validation: Record<string, unknown>,
  how: { type?: PassType; orServerError?: boolean; user?: string } = {},
) {
  const { type = 'bearer_token', orServerError = false, user } = how
  const refused = await s.redeem(s.pass({ type, validation, ...(user !== undefined && { user }) }))
  expectNothing(refused, { orServerError })
  expectThat(isSuccess(await s.redeem(s.pass({ type }))), 'a good pass to be good', 'a refusal')
  return refused
}

/** Answers that lack a member, or have one that is none. */
const INVALID: [slug: string, about: string, validation: Record<string, unknown>, profile?: 'hardened'][] = [
  ['no-authorization', 'there is no authorization_id', { authorization_id: undefined }],
  ['authorization-number', 'authorization_id is a number', { authorization_id: 5 }],
  ['authorization-empty', 'authorization_id is empty', { authorization_id: '' }],
  ['no-user', 'there is no user', { user: undefined }],
  ['no-agent', 'there is no agent', { agent: undefined }],
  ['agent-number', 'agent.id is a number', { agent: { id: 5 } }],
  ['no-scope', 'there is no scope', { scope: undefined }],
  ['scope-text', 'scope is a text', { scope: '*' }],
  ['scope-numbers', 'scope is a list of numbers', { scope: [1, 2] }],
  ['no-type', 'there is no type', { type: undefined }],
  ['type-unknown', 'type is one that nobody knows', { type: 'anything' }],
  ['no-end', 'there is no authorization_expires_at', { authorization_expires_at: undefined }, 'hardened'],
  ['end-text', 'authorization_expires_at is no instant', { authorization_expires_at: 'tomorrow' }, 'hardened'],
  ['end-past', 'the authorization is over already', { authorization_expires_at: instant(-120) }, 'hardened'],
]

const EMPTY: [slug: string, about: string, changed: Record<string, unknown>, type: PassType][] = [
  ['unasked', 'nothing was approved, and nothing is asked for by name', {}, 'bearer_token'],
  ['everything', 'nothing was approved, and everything is asked for', { requested_scope: ['*'] }, 'bearer_token'],
  ['browser', 'nothing was approved for a browser session', {}, 'browser_session'],
]

/** What the Authority answers must be valid, for this flow, and grant something (§4.4). */
export const answers: Case<ServiceStage>[] = [
  {
    id: 'SVC-RED-14/bearer',
    about: 'a browser session’s pass is redeemed as a bearer token’s, by another type in the request',
    negative: true,
    run: async (s) => suggest(s, await refusesAnswer(s, { type: 'browser_session' }), 403, 422),
  },
  {
    id: 'SVC-RED-14/browser',
    about: 'a bearer token’s pass is redeemed as a browser session’s, by another type in the request',
    negative: true,
    run: async (s) => suggest(s, await refusesAnswer(s, { type: 'bearer_token' }, { type: 'browser_session' }), 403, 422),
  },
  ...INVALID.map(
    ([slug, about, validation, profile]): Case<ServiceStage> => ({
      id: `SVC-RED-15/${slug}`,
      about: `of the Authority’s answer: ${about}`,
      negative: true,
      ...(profile && { profile }),
      run: async (s) => void (await refusesAnswer(s, validation, { orServerError: true })),
    }),
  ),
  ...EMPTY.map(
    ([slug, about, changed, type]): Case<ServiceStage> => ({
      id: `SVC-RED-22/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const refused = await s.redeem(s.pass({ type, validation: { scope: [] } }), { changed })
        expectNothing(refused, { orServerError: true })
        suggest(s, refused, 403)
        await s.token()
      },
    }),
  ),
]
