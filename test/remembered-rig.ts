/** An Authority whose approvers may have an approval remembered, and an agent that a vendor vouches for. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { consoleOffice, type Insider, type Office, PEOPLE } from './console-client.ts'
import { temporaryFolder } from './folders.ts'
import { attested, VENDOR, VENDOR_KEY } from './vendor.ts'

export const ISSUER = { attestation: { issuers: [{ issuer: VENDOR, keys: [VENDOR_KEY.jwk] }] } }
export const office = (more: Record<string, unknown> = {}) => consoleOffice({ policy: { remember_days: 30 }, ...ISSUER, ...more })
export const task = (id: string) => ({ task: { id, description: 'x' } })
export const agents = (o: Office, id = 'ticket-1', more: object = {}) => ({ ...attested(o), ...task(id), ...more })

/** Approves with what is given remembered. */
export const approve = async (who: Insider, ref: string, fields: Record<string, string | undefined> = {}) =>
  who.submit(await who.open(`/requests/${ref}`), '/approve', { remember_hours: '24', task_pattern: 'ticket-*', ...fields })

/** What Ada has had remembered. */
export async function remembered(o: Office, fields: Record<string, string | undefined> = {}) {
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked(PEOPLE.ada.email, agents(o))
  const sent = await approve(ada, ref, fields)
  return { ada, ref, sent }
}
export const list = async (o: Office) =>
  ((await (await o.manage('/remembered')).json()) as { remembered: { ref: string; uses: number }[] }).remembered

export const ASK = 'permit (principal, action == AgentPass::Action::"ask", resource);'
/** The same, with a policy file. */
export async function officeWithPolicy(text: string) {
  const file = join(temporaryFolder(), 'policy.cedar')
  writeFileSync(file, text)
  return office({ policy: { file, remember_days: 30 } })
}
