import { signTask } from '../spec/attestation.ts'
import type { Fetch, Now } from '../spec/effects.ts'
import type { SigningKey } from '../spec/jwt.ts'
import { postMessage } from '../spec/peer.ts'
import type { Profile } from '../spec/profile.ts'
import type { AuthorityForHarness } from '../spec/wire/configuration.ts'
import { IssuanceStatus, type PassType } from '../spec/wire/issuance.ts'
import { requireAnswer } from './answer.ts'
import type { Attest } from './attest.ts'
import { failToReach } from './failure.ts'

export type IssueDeps = { fetch: Fetch; now: Now; profile: Profile; harnessId: string; attest?: Attest }
/** What is asked for: a pass of one type, at one Service, for one user and one task. `destination` is the page a browser session is for. */
export type Asked = {
  type: PassType
  service: string
  user: string
  task: { id: string; description: string }
  destination: string | undefined
}

/** Asks an Authority for a pass (protocol 4, §5.3.1), bound to a holder key, the task attested with it, and the Harness by whoever does so. */
export async function requestPass(d: IssueDeps, authority: AuthorityForHarness, asked: Asked, key: SigningKey): Promise<IssuanceStatus> {
  const { type, service, user, task, destination } = asked
  const attested = d.attest && {
    attestation: { jwt: await d.attest({ authority: authority.authority, jwk: key.publicJwk, harnessId: d.harnessId }) },
  }
  const message = {
    type,
    service: { origin: service },
    user: { email: user },
    harness: { id: d.harnessId, cnf: { jwk: key.publicJwk }, ...attested },
    task: { ...task, attestation: { jwt: await signTask(d, key, d.harnessId, task) } },
    ...(type === 'browser_session' && destination !== undefined && { intent: { destination_url: destination } }),
  }
  const secrets = [message.task.attestation.jwt, ...(attested ? [attested.attestation.jwt] : [])]
  const at = { step: 'issue' as const, peer: authority.authority, now: d.now, secrets }
  const response = await postMessage(d.fetch, authority.endpoints.issuance, message).catch(failToReach(at, 'check that the authority is up'))
  return requireAnswer(response, IssuanceStatus, at)
}
