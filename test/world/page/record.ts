import type { OnDecision } from '../decide.ts'
import type { Shown } from '../redact.ts'
import { type Step, stepOf } from '../steps.ts'
import type { Ask, OnAsk } from '../tap.ts'

/** Somebody who takes part: `harness`, `dns`, or a host. */
export type Lane = { name: string; kind: 'harness' | 'service' | 'dns' | 'authority' | 'web' }
export type Message = Ask & { at: number; step: Step; answer?: { text: string; ms: number; at: number; response: Shown | undefined } }
export type Tone = 'decision' | 'good' | 'bad'
/** A line of the diagram. An answer stands with its question, or where something was said in between, on a line of its own. */
export type Row = { id: string; seq: number } & (
  | { kind: 'ask'; message: Message; isWithAnswer: boolean }
  | { kind: 'answer'; message: Message }
  | { kind: 'note'; at: number; lane: string; tone: Tone; text: string }
)
/** What belongs to one task. */
export type Group = { id: string; seq: number; at: number; title: string; lanes: Lane[]; rows: Row[] }
/** Something is there, or is there in another shape than before. */
export type Change = { seq: number; group: Group; row: Row | undefined }

export type Recording = {
  onAsk: OnAsk
  onDecision: OnDecision
  /** What follows belongs to another task. */
  begin: (title: string) => void
  /** Something that happens at somebody's, and not on the wire. */
  note: (lane: string, tone: Tone, text: string) => void
  groups: () => Group[]
  /** Everything that has changed since, and from now on. Gives how to stop it. */
  follow: (after: number, onChange: (change: Change) => void) => () => void
  /** Once all that was told so far is in. */
  settled: () => Promise<void>
}

const MOST_GROUPS = 20
const MOST_ROWS = 400

/** Keeps what the parties said, in its order, as the lines of a sequence diagram: the last twenty tasks. */
export function createRecord(now: () => number): Recording {
  const groups: Group[] = []
  const followers = new Set<(change: Change) => void>()
  let seq = 0
  let tail = Promise.resolve()
  const inOrder = (add: () => void | Promise<void>) => {
    tail = tail.then(add) // a body comes after its status: nobody overtakes it
  }
  const change = (group: Group, row?: Row) => {
    const target = row ?? group
    target.seq = ++seq
    for (const follower of followers) follower({ seq, group, row })
  }
  const open = (title: string, at: number): Group => {
    const group: Group = { id: `g${seq + 1}`, seq: 0, at, title, lanes: [...FIRST_LANES], rows: [] }
    groups.push(group)
    if (groups.length > MOST_GROUPS) groups.shift()
    change(group)
    return group
  }
  const current = (at: number) => groups.at(-1) ?? open('Before the first task', at)
  const put = (group: Group, row: Row) => {
    group.rows.push(row)
    if (group.rows.length > MOST_ROWS) group.rows.shift()
    change(group, row)
  }
  const note: Recording['note'] = (lane, tone, text) => {
    const at = now()
    inOrder(() => put(current(at), { id: `r${seq + 1}`, seq: 0, kind: 'note', at, lane, tone, text }))
  }
  const answer = (group: Group, message: Message) => {
    const last = group.rows.at(-1)
    if (last?.kind !== 'ask' || last.message !== message) return put(group, { id: `r${seq + 1}`, seq: 0, kind: 'answer', message })
    last.isWithAnswer = true
    change(group, last)
  }
  return {
    onAsk: (ask) => {
      if (ask.from === ask.to) return () => {} // the app behind a gateway asks it for its keys: no party asks another
      const message: Message = { ...ask, at: now(), step: stepOf(ask) }
      let group: Group | undefined
      inOrder(() => {
        group = current(message.at)
        takePart(group, message)
        put(group, { id: `r${seq + 1}`, seq: 0, kind: 'ask', message, isWithAnswer: false })
      })
      return ({ answer: text, ms, response }) => {
        const at = now()
        inOrder(async () => {
          message.answer = { text, ms, at, response: await response.catch(() => undefined) }
          if (group) answer(group, message)
        })
      }
    },
    begin: (title) => {
      const at = now()
      inOrder(() => void open(title, at))
    },
    note,
    onDecision: ({ at, verb, scope }) =>
      note(new URL(at.identifier).hostname, 'decision', `${DECISIONS[verb]}${scope ? `: ${scope.join(', ')}` : ''}`),
    groups: () => groups,
    follow: (after, onChange) => {
      const missed = groups.flatMap((group): Change[] => [
        { seq: group.seq, group, row: undefined },
        ...group.rows.map((row) => ({ seq: row.seq, group, row })),
      ])
      for (const one of missed.filter((c) => c.seq > after).sort((a, b) => a.seq - b.seq)) onChange(one)
      followers.add(onChange)
      return () => void followers.delete(onChange)
    },
    settled: () => tail,
  }
}

const DECISIONS = {
  approve: 'An approver reads who asks, for whom and what, and approves',
  deny: 'An approver says no',
  cancel: 'The request is canceled',
  revoke: 'An approver revokes what was approved',
  narrow: 'An approver leaves less than was approved',
}

const FIRST_LANES: Lane[] = [
  { name: 'harness', kind: 'harness' },
  { name: 'desk.localhost', kind: 'service' },
  { name: 'dns', kind: 'dns' },
]

function takePart(group: Group, { from, to, party }: Ask): void {
  for (const name of [from, to]) {
    if (group.lanes.some((lane) => lane.name === name)) continue
    const isAuthority = name.startsWith('authority.') || (name === from && party === 'authority')
    group.lanes.push({ name, kind: isAuthority ? 'authority' : 'web' })
  }
}
