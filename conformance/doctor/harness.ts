import { expectThat } from '../case.ts'
import { expectDone, type HarnessStage, type HarnessWorld, type Outcome } from '../harness/stage.ts'
import { type Hop, requireAsked } from './hop.ts'

/** The way that every case of a Harness takes. */
export function harnessHops(s: HarnessStage): Hop[] {
  const at: { w?: HarnessWorld; outcome?: Outcome } = {}
  const said = () => `${at.outcome?.code}: ${(at.outcome?.stderr || at.outcome?.stdout || 'nothing').slice(-300)}`
  const called = (what: string, times: number | undefined) => expectThat((times ?? 0) > 0, what, `it did not; the command ended with ${said()}`)
  return [
    {
      says: 'the command of harness.bearer can be run',
      hint: 'try by hand what harness.bearer says, with harness.env in its environment',
      walk: async () => {
        at.w = s.world()
        at.outcome = await at.w.run()
      },
    },
    {
      says: 'it asks the suite’s DNS server for the Service’s record, and fetches the document',
      hint: 'harness.env must point it to the suite’s DNS server, and have it trust the suite’s certificate authority',
      walk: async () => {
        requireAsked(s, at.w?.service.record ?? '')
        called('the Service’s document to be fetched', at.w?.service.callsTo('document').length)
      },
    },
    {
      says: 'it asks for a pass, and polls for it',
      hint: 'what it printed says more',
      walk: async () => {
        called('a request for a pass', at.w?.authority.callsTo('issuance').length)
        called('the status to be asked for', at.w?.authority.callsTo('status').length)
      },
    },
    {
      says: 'it redeems the pass, calls {url} with the token, and ends with 0',
      hint: 'the command must call {url}, the Service’s protected URL, with the token that it got',
      walk: async () => {
        called('the pass to be redeemed', at.w?.service.callsTo('bearer').length)
        called('a call of {url}', at.w?.service.callsTo('api').length)
        if (at.outcome) expectDone(at.outcome)
      },
    },
    {
      says: 'a second command begins a browser session',
      hint: 'harness.browser; leave it out where there is none: its cases are skipped',
      walk: async () => {
        if (s.adapter.browser === undefined) return
        const w = s.world()
        at.outcome = await w.run({ type: 'browser' })
        called('the session to be begun', w.service.callsTo('initialize').length)
        expectDone(at.outcome)
      },
    },
  ]
}
