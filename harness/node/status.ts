import { listHeld } from './held.ts'
import { asJson, describeHeld, heldAsJson } from './print.ts'
import { type Outside, openUser, warn } from './trip.ts'

/** `agentpass status`: what is held, never a token. */
export async function status(o: Outside, options: { json?: boolean; config?: string }): Promise<number> {
  const { folder } = await openUser(o, options.config)
  const { held, ignored } = await listHeld(folder, o.now())
  warn(o.io, ignored)
  if (options.json) await o.io.out(asJson({ tokens: held.map(heldAsJson), ignored }))
  else await o.io.out(held.map((each) => describeHeld(each, o.now())).join('\n'))
  if (held.length === 0) o.io.err('no tokens are held\n')
  return 0
}
