import { callService, explainRefusal } from '../use.ts'
import { answerAsJson, copyAnswer, readWholeAnswer } from './answer.ts'
import { dropToken, type HeldToken } from './held.ts'
import { readScope, requireAddress, requireAuthority } from './options.ts'
import { asJson } from './print.ts'
import { describeFailure, printFailure } from './report.ts'
import { type RequestOptions, readRequest } from './request.ts'
import { tokenFor } from './select.ts'
import { type Outside, openUser, takeBack } from './trip.ts'

export type CallOptions = RequestOptions & {
  user?: string
  task?: string
  scope?: string[]
  authority?: string
  include?: boolean
  json?: boolean
  config?: string
}

/** `agentpass call`: one request to a Service's API with the token held for it. Gives the exit code: 0 for 2xx. */
export async function call(o: Outside, asked: { method: string; url: string }, options: CallOptions): Promise<number> {
  const request = await readRequest(o, asked, options)
  const authority = options.authority === undefined ? undefined : requireAuthority(options.authority)
  const scope = readScope(options.scope)
  const opened = await openUser(o, options.config)
  const user = options.user === undefined ? opened.settings.user : requireAddress(options.user)
  const network = o.openNetwork(opened.settings.network)
  try {
    const { held, isNew } = await tokenFor(o, opened, network, { service: new URL(request.url).origin, user, task: options.task, scope, authority })
    const credential = { service: held.service, token: held.token, scope: held.scope }
    try {
      const response = await callService({ fetch: network.callService }, credential, { ...request, signal: o.signal })
      const isTokenEnded = await handOver(o, { credential, response }, options)
      if (isTokenEnded) await dropToken(opened.folder, held.task.id)
      return response.ok ? 0 : 1
    } finally {
      if (isNew && o.signal.aborted) await takeBack(o, opened, network, held)
    }
  } finally {
    await network.close()
  }
}

type Answered = { credential: Pick<HeldToken, 'service' | 'token'> & { scope: string[] | undefined }; response: Response }

/** Gives the answer out; of a refusal, says why. Whether it ended the token. */
async function handOver({ io }: Outside, { credential, response }: Answered, { json, include = false }: CallOptions): Promise<boolean> {
  const peer = credential.service
  const body = json ? await readWholeAnswer(response, peer) : await copyAnswer(io, response, { peer, include })
  const refusal = response.ok ? undefined : await explainRefusal(response, body, credential)
  if (json) await io.out(asJson({ ...answerAsJson(response, body), ...(refusal && { error: describeFailure(refusal.failure) }) }))
  if (refusal) printFailure(io, refusal.failure)
  return refusal?.isTokenEnded ?? false
}
