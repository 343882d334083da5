import { readScope, requireAuthority, requireService, requireTask, requireUser } from './options.ts'
import { asJson, describeHeld, heldAsJson } from './print.ts'
import { acquireToken, type Outside, openUser } from './trip.ts'

export type TokenOptions = {
  service: string
  user?: string
  task: string
  scope?: string[]
  authority?: string
  print?: boolean
  json?: boolean
  config?: string
}

/** `agentpass token`: gets a token for one task and keeps it. The token itself is printed only where `--print` asks for it. */
export async function token(o: Outside, options: TokenOptions): Promise<number> {
  const service = requireService(options.service)
  const task = requireTask(options.task)
  const scope = readScope(options.scope)
  const authority = options.authority === undefined ? undefined : requireAuthority(options.authority)
  const opened = await openUser(o, options.config)
  const user = requireUser(options.user ?? opened.settings.user)
  const network = o.openNetwork(opened.settings.network)
  try {
    const wanted = { service, user, task, ...(scope && { scope }), ...(authority !== undefined && { authority }) }
    const held = await acquireToken(o, opened, network, wanted)
    const summary = describeHeld(held, o.now())
    if (options.json) await o.io.out(asJson({ ...heldAsJson(held), ...(options.print && { token: held.token }) }))
    else if (!options.print) await o.io.out(summary)
    else {
      o.io.err(summary)
      await o.io.out(`${held.token}\n`)
    }
    return 0
  } finally {
    await network.close()
  }
}
