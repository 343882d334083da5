import type { Shown } from '../redact.ts'
import type { Group, Lane, Message, Row } from './record.ts'
import { statementOf } from './requirements.ts'

const MOST_LANES = 6
const TITLES = { harness: 'Harness', service: 'Service', dns: 'DNS', authority: 'Authority', web: 'Web server' } as const
const SAYS = { harness: 'where the agent runs', dns: 'the world’s name server' } as const

/** One task as a sequence diagram: who takes part, and what they say to each other, line by line. */
export const Diagram = ({ group }: { group: Group }) => (
  <section class={`task ${lanesClass(group)}`} id={group.id} aria-labelledby={`${group.id}-title`}>
    <h2 id={`${group.id}-title`}>
      {group.title} <time>{clock(group.at)}</time>
    </h2>
    <Heads group={group} />
    <ol class="rows">
      {group.rows.map((row) => (
        <Line group={group} row={row} />
      ))}
    </ol>
  </section>
)

/** How many lanes there are, as the stylesheet is told it. */
export const lanesClass = ({ lanes }: Group): string => `lanes-${Math.min(lanes.length, MOST_LANES)}`

export const Heads = ({ group: { lanes } }: { group: Group }) => (
  <div class="heads" aria-hidden="true">
    <div class="lanes">
      {lanes.slice(0, MOST_LANES).map(({ kind, name }, i) => (
        <div class={`head at-${i + 1} ${kind}`}>
          <strong>{TITLES[kind]}</strong>
          <span>{kind === 'harness' || kind === 'dns' ? SAYS[kind] : name}</span>
        </div>
      ))}
    </div>
  </div>
)

/** A line of the diagram. A message opens to what was said and what it is about. */
export const Line = ({ group, row }: { group: Group; row: Row }) => {
  if (row.kind === 'note') return <NoteLine group={group} row={row} />
  const { message } = row
  const shows = row.kind === 'ask' ? (row.isWithAnswer ? 'both' : 'ask') : 'answer'
  return (
    <li class="row" id={row.id}>
      <details>
        <summary>
          <time class="when">{clock(row.kind === 'ask' ? message.at : (message.answer?.at ?? message.at))}</time>
          <span class="who">
            <Name lane={laneOf(group, shows === 'answer' ? message.to : message.from)} />
            {shows === 'answer' ? ' answers ' : ' asks '}
            <Name lane={laneOf(group, shows === 'answer' ? message.from : message.to)} />
          </span>
          <span class="lanes">
            {shows !== 'answer' && <Question group={group} message={message} />}
            {shows !== 'ask' && <Reply group={group} message={message} isApart={shows === 'answer'} />}
          </span>
        </summary>
        <Inside message={message} shows={shows} />
      </details>
    </li>
  )
}

const NoteLine = ({ group, row }: { group: Group; row: Row & { kind: 'note' } }) => (
  <li class="row" id={row.id}>
    <div class="plain">
      <time class="when">{clock(row.at)}</time>
      <span class="lanes">
        <span class={`note at-${indexOf(group, row.lane)} ${row.tone}`}>{row.text}</span>
      </span>
    </div>
  </li>
)

const Name = ({ lane: { kind, name } }: { lane: Lane }) => <b class={kind}>{kind === 'web' ? name : TITLES[kind]}</b>

const Question = ({ group, message }: { group: Group; message: Message }) => (
  <span class={`arrow ask ${span(group, message.from, message.to)} ${laneOf(group, message.from).kind}`}>
    <span class="label">{message.step.name}</span>
    <span class="wire">{shortened(message.asked)}</span>
  </span>
)

const Reply = ({ group, message, isApart }: { group: Group; message: Message; isApart: boolean }) => (
  <span class={`arrow answer ${span(group, message.to, message.from)} ${laneOf(group, message.to).kind}`}>
    <span class={`label ${isRefusal(message) ? 'bad' : ''}`}>
      <b>{outcome(message)}</b> <span class="ms">{duration(message.answer?.ms ?? 0)}</span>
      {isApart && ` ${message.step.name}`}
    </span>
  </span>
)

const Inside = ({ message, shows }: { message: Message; shows: 'ask' | 'answer' | 'both' }) => (
  <div class="inside">
    <h3>{message.step.name}</h3>
    <p>{message.step.why}</p>
    <p class="section">Protocol, section {message.step.section}</p>
    <ul class="requirements">
      {message.step.requirements.map((id) => (
        <li>
          <code>{id}</code> {statementOf(id)}
        </li>
      ))}
    </ul>
    <div class="bodies">
      {shows !== 'answer' && <Body title={message.asked} shown={message.request} none="Nothing else is sent." />}
      {shows !== 'ask' && <Body title={`The answer: ${message.answer?.text}`} shown={message.answer?.response} none="Nothing else comes back." />}
    </div>
  </div>
)

/** A long line of JSON scrolls in its own box, for a keyboard too. */
const Body = ({ title, shown, none }: { title: string; shown: Shown | undefined; none: string }) => (
  <div class="body">
    <h4>{title}</h4>
    {shown === undefined || JSON.stringify(shown) === '{}' ? (
      <p>{none}</p>
    ) : (
      <section class="json" tabindex={0} aria-label={title}>
        <pre>{JSON.stringify(shown, null, 2)}</pre>
      </section>
    )}
  </div>
)

const laneOf = ({ lanes }: Group, name: string): Lane => lanes.find((lane) => lane.name === name) ?? { name, kind: 'web' }
const indexOf = ({ lanes }: Group, name: string): number => Math.min(Math.max(lanes.findIndex((lane) => lane.name === name) + 1, 1), MOST_LANES)

/** From one lane to another, as the stylesheet is told it. */
function span(group: Group, from: string, to: string): string {
  const [a, b] = [indexOf(group, from), indexOf(group, to)]
  return `${a <= b ? 'right' : 'left'} from-${Math.min(a, b)} to-${Math.max(a, b)}`
}

const isRefusal = ({ answer }: Message): boolean => /^([45]\d\d|failed)/.test(answer?.text ?? '')

/** What came back, in a word: of a refusal its code, of a record the host it names. */
function outcome({ answer }: Message): string {
  const text = answer?.text ?? ''
  const response = answer?.response
  const body = isObject(response) ? response.body : undefined
  const error = isObject(body) ? body.error : undefined
  const code = isObject(error) ? error.code : undefined
  if (typeof code === 'string') return `${text} ${code}`
  if (text === '(none)') return 'no record'
  return text.replace(/^https:\/\/([^/:]+)[^ |]*$/, '$1')
}

const isObject = (shown: Shown | undefined): shown is { [member: string]: Shown } =>
  typeof shown === 'object' && shown !== null && !Array.isArray(shown)

/** The method and the path: whose they are, the arrow says. */
const shortened = (asked: string): string => asked.replace(/https:\/\/[^/]+/, '')

const duration = (ms: number): string => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`
const two = (n: number, digits = 2): string => String(n).padStart(digits, '0')
function clock(at: number): string {
  const time = new Date(at)
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${two(time.getMilliseconds(), 3)}`
}
