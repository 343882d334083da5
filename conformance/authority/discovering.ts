import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, expectRefused, isSuccess, type Reply, type Send } from '../actors/client.ts'
import type { FakeService } from '../actors/service.ts'
import { expectThat, Unmet } from '../case.ts'
import { skip, waitMs } from '../stage.ts'
import { suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** Longer than the suite lets its documents be kept. */
export const KEPT_MS = 11_500
/** Longer than the suite lets its records be kept. */
const RECORD_KEPT_MS = 2500
/** No answer of an Authority takes longer, whatever its peers do: DNS and a document have five seconds each. */
const BOUND_MS = 12_000
/** Neither a failure nor a document that is of no use is kept for longer (protocol 2), and a bit. */
const FORGOTTEN_MS = KEPT_MS + 3000

/** What goes wrong with a Service that the Authority has to find. */
export type Trouble = {
  /** The Service; a new one unless given. */
  service?: FakeService
  /** Makes it go wrong, once the pass is there. */
  begin: (service: FakeService) => void
  /** Puts it right. */
  end: (service: FakeService) => void
  /** How often the Authority has met it: nothing was judged where it never did. */
  met: (service: FakeService) => number
  /** What the Authority must have forgotten for it: its document unless said otherwise. Keys it has not asked for yet. */
  forgotten?: 'document' | 'record' | 'nothing'
  /** What is said of a peer that takes no offence, where that breaks no MUST. */
  lenient?: string | undefined
}

/** Where the Authority has to discover a Service anew: at a second instance, or where it was, once what it knows is too old. */
async function whereUnknown(s: AuthorityStage, forgotten: Trouble['forgotten']): Promise<Send> {
  if (s.instance.second !== undefined) return { at: s.instance.second }
  if (forgotten !== 'nothing') await s.wait(forgotten === 'record' ? RECORD_KEPT_MS : KEPT_MS)
  return {}
}

/** A pass is presented by a Service that cannot be found, read or verified any more: refused, in bounded time. When it can again, the pass is as good as before. */
export async function expectClosed(s: AuthorityStage, { service = s.service(), begin, end, met, forgotten, lenient }: Trouble): Promise<void> {
  const pass = await s.approved({ service })
  const send = await whereUnknown(s, forgotten)
  begin(service)
  const before = met(service)
  const reply = await s.validate(pass.value, service, { send })
  if (isSuccess(reply)) {
    if (before > 0 && met(service) === before) skip('the Authority still knew the Service, and met nothing that is wrong')
    if (lenient !== undefined) return s.warn(lenient)
  }
  expectFailedClosed(s, reply)
  end(service)
  await expectGoodSoon(() => s.validate(pass.value, service), FORGOTTEN_MS, 'the pass to be good when its Service is in order again')
}

/** That a pass is good at last. `what` says what was expected within that time. */
export async function expectGoodSoon(validate: () => Promise<Reply>, withinMs: number, what: string): Promise<void> {
  const end = performance.now() + withinMs
  for (let reply = await validate(); ; reply = await validate()) {
    if (isSuccess(reply)) return void expectAnswer(reply, ValidationResponse, 'the validation')
    if (performance.now() > end) throw new Unmet(what, `${reply.status} ${reply.text.slice(0, 200)}`)
    await waitMs(400)
  }
}

/** A refusal because of the Service's own trouble, in bounded time: 401 is the usual one, a server error may say the same. */
export function expectFailedClosed(s: AuthorityStage, reply: Reply): void {
  expectRefused(reply, { orServerError: true })
  suggest(s, reply, 401, 502, 503)
  expectThat(reply.ms < BOUND_MS, `an answer within ${BOUND_MS / 1000} s`, `one after ${Math.round(reply.ms)} ms`)
}

/** Questions about the Service's record. */
export const questions = (s: AuthorityStage, { record }: FakeService): number => s.ground.dns.asked(record).length
