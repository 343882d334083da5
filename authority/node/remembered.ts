import { z } from 'zod'
import { print, printJson, say, table } from '../../spec/node/cli.ts'
import { visible } from '../approve/visible.ts'
import { type ManagementOptions, withManagement } from './management.ts'

type Common = ManagementOptions & { json?: boolean }

/** A remembered approval as the management door tells it. */
const Remembered = z.looseObject({
  ref: z.string(),
  user: z.string(),
  service: z.string(),
  agent: z.string(),
  tasks: z.string(),
  scope: z.array(z.string()),
  by: z.string(),
  expires_at: z.string(),
  uses: z.number(),
})

const List = z.looseObject({ remembered: z.array(Remembered), more: z.boolean().optional() })

/** Lists the approvals that are remembered. */
export async function listRemembered(o: Common): Promise<void> {
  const { remembered, more } = await withManagement(o, (management) => management.get('/remembered', List))
  if (more) say(`these are the newest ${remembered.length}: there are more`)
  if (o.json) return printJson({ remembered })
  if (remembered.length === 0) return say('no approval is remembered')
  const rows = remembered.map((r) => [r.ref, r.expires_at, String(r.uses), r.user, r.service, r.agent, r.tasks, r.scope.join(' '), r.by].map(visible))
  print(table(['REF', 'UNTIL', 'USES', 'USER', 'SERVICE', 'AGENT', 'TASKS', 'SCOPE', 'BY'], rows))
}

/** Ends a remembered approval. */
export async function endRemembered(ref: string, o: Common): Promise<void> {
  const ended = await withManagement(o, (management) => management.delete(`/remembered/${encodeURIComponent(ref)}`, Remembered))
  if (o.json) printJson(ended)
  else print(visible(`ended ${ended.ref}: requests of ${ended.agent} as ${ended.user} at ${ended.service} are asked about again`))
}
