import type { Shown } from './redact.ts'
import type { OnAsk } from './tap.ts'

/** What became of a question: `ok`, the error code of protocol 11 it was refused with, or what else came. */
export type Outcome = string
export type Observer = {
  onAsk: OnAsk
  /** The outcome of the last such question on the wire; `not asked` where there was none since the last `forget`. */
  last: (from: string, to: string, asked: RegExp) => Promise<Outcome>
  forget: () => void
}

/** Keeps what parties ask each other, so that somebody can see how it was answered. */
export function createObserver(): Observer {
  const seen: { from: string; to: string; asked: string; outcome: Promise<Outcome> }[] = []
  return {
    onAsk:
      ({ from, to, asked }) =>
      ({ answer, response }) =>
        void seen.push({ from, to, asked, outcome: response.then((shown) => outcomeOf(answer, shown)) }),
    last: async (from, to, asked) => (await seen.findLast((s) => s.from === from && s.to === to && asked.test(s.asked))?.outcome) ?? 'not asked',
    forget: () => void seen.splice(0),
  }
}

function outcomeOf(answer: string, shown: Shown | undefined): Outcome {
  if (/^2\d\d$/.test(answer)) return 'ok'
  const code = member(member(member(shown, 'body'), 'error'), 'code')
  return typeof code === 'string' ? code : answer
}

const member = (shown: Shown | undefined, name: string): Shown | undefined =>
  shown !== null && typeof shown === 'object' && !Array.isArray(shown) ? shown[name] : undefined
