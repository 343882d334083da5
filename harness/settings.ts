import { z } from 'zod'
import { emailAddress, emailDomain } from '../spec/email.ts'
import { networkSettings } from '../spec/node/settings.ts'
import { authorityIdentifier } from '../spec/origin.ts'
import { AttestationSettings } from './attest.ts'

const user = z.string().refine((address) => emailAddress.safeParse(address).success, 'is no e-mail address such as ada@acme.example')
const domain = z.string().refine((name) => emailDomain(`x@${name}`) === name, 'is no e-mail domain in lower-case ASCII form, such as acme.example')
const authority = z.string().refine((id) => authorityIdentifier.safeParse(id).success, 'is no authority identifier such as https://authority.example')

/** What the command and the broker are both told. */
export const harnessMembers = {
  /** For whom the agent acts unless it is said with the task. */
  user: user.optional(),
  /** What this Harness calls itself, to Authorities and Services. Self-asserted. */
  harness_id: z.string().min(1).max(1024).optional(),
  /** A key that is registered at Authorities, for every task; without it each task has a fresh one. */
  holder_key: z.strictObject({ file: z.string().min(1) }).optional(),
  /** Who attests this Harness and the key of each task; without it nobody does. */
  attestation: AttestationSettings.optional(),
  /** Which Authority to use for users of an e-mail domain, where a Service offers several. */
  authorities: z.record(domain, authority).default({}),
}

/** The command's settings file; an empty one is as good as none. */
export const HarnessSettings = z.preprocess(
  (document) => document ?? {},
  z.strictObject({ ...harnessMembers, profile: z.enum(['core-0.1', 'hardened']).default('core-0.1'), network: networkSettings.prefault({}) }),
)
export type HarnessSettings = z.infer<typeof HarnessSettings>

const { dns_servers: dnsServers, allow_private: networks } = networkSettings.shape

const list = (text: string): string[] => text.split(',').map((part) => part.trim())

/** The variables that override the settings file. Those of DNS servers and networks are lists with commas. */
export const HarnessVariables = z.object({
  AGENTPASS_USER: user.optional(),
  AGENTPASS_RESOLVER: z.string().transform(list).pipe(dnsServers.unwrap()).optional(),
  AGENTPASS_CA: z.string().optional(),
  AGENTPASS_ALLOW_PRIVATE: z.string().transform(list).pipe(networks.unwrap()).optional(),
})
