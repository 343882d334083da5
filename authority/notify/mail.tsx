import { raw } from 'hono/html'
import { isAsking } from '../store/notifications.ts'
import type { Delivery } from './delivery.ts'
import type { Told } from './told.ts'

/** A mail to one person. `id` names it, the same however often it is sent; `before`: those in which the same request was told of. */
export type Mail = { id: string; to: string; subject: string; text: string; html: string; before: string[]; at: number }
/** Hands a mail to the server of the settings. Never throws for what that does. */
export type SendMail = (mail: Mail) => Promise<Delivery>

/** What is told in one mail, in the same words as text and as HTML. */
export async function composeMail(told: Told[]): Promise<Pick<Mail, 'subject' | 'text' | 'html'>> {
  const subject = subjectOf(told)
  return { subject, text: textOf(subject, told), html: String(await (<Html subject={subject} told={told} />)) }
}

function subjectOf(told: Told[]): string {
  const [first, ...more] = told
  if (first && more.length === 0) return first.title
  const waiting = told.filter(({ kind }) => isAsking(kind)).length
  const ended = told.length - waiting
  const words = [
    waiting > 0 && `${waiting} ${waiting === 1 ? 'request waits' : 'requests wait'} for you`,
    ended > 0 && `${ended} ${ended === 1 ? 'request has' : 'requests have'} ended or been decided`,
  ]
  return words.filter(Boolean).join(', ')
}

const THEIR_WORDS = 'What the agent says of its task, in its own words, which nobody has checked:'
const ABOUT_LINK = 'The link opens a page of your Authority, where you sign in. Opening it decides nothing.'
const linkWords = ({ kind }: Told): string => (isAsking(kind) ? 'Look at it and decide' : 'Look at it')

const textOf = (subject: string, told: Told[]): string =>
  [
    ...(told.length > 1 ? [subject, ''] : []),
    ...told.flatMap((one, i) => [
      ...(i === 0 ? [] : ['-'.repeat(72), '']),
      one.heading,
      '',
      ...one.rows.flatMap(({ name, lines }) => lines.map((line, i) => `${(i === 0 ? name : '').padEnd(WIDTH)}${line}`)),
      '',
      THEIR_WORDS,
      ...one.task.map((line) => `  | ${line}`),
      '',
      ...(one.link === undefined ? [] : [`${linkWords(one)}:`, one.link, '']),
    ]),
    ABOUT_LINK,
  ].join('\n')
const WIDTH = 16

const FONT = "font-family:system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif"
const STYLE = {
  body: `margin:0;padding:24px 12px;background:#f5f6f8;color:#191d23;font-size:16px;line-height:1.5;${FONT}`,
  page: 'max-width:600px;margin:0 auto',
  brand: 'margin:0 0 12px;font-weight:600;color:#545e6b;font-size:14px',
  card: 'margin:0 0 16px;padding:20px 24px;background:#ffffff;border:1px solid #d5dae1;border-radius:10px',
  title: 'margin:0 0 12px;font-size:19px;line-height:1.3',
  table: 'width:100%;border-collapse:collapse',
  name: 'padding:3px 16px 3px 0;width:112px;text-align:left;vertical-align:top;font-weight:400;color:#545e6b;font-size:14px',
  cell: 'padding:3px 0;vertical-align:top;word-break:break-word;overflow-wrap:anywhere',
  marked: 'margin:16px 0 4px;color:#545e6b;font-size:14px',
  task: 'margin:0;padding:10px 14px;background:#f7f3ea;border-left:4px solid #b98a2f;font-family:Menlo,Consolas,monospace;font-size:14px;white-space:pre-wrap;word-break:break-word;overflow-wrap:anywhere',
  act: 'margin:20px 0 4px',
  link: 'display:inline-block;padding:10px 18px;background:#1a52bf;color:#ffffff;border-radius:8px;text-decoration:none;font-weight:600',
  small: 'margin:0;color:#545e6b;font-size:13px',
}

const Html = ({ subject, told }: { subject: string; told: Told[] }) => (
  <>
    {raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{subject}</title>
      </head>
      <body style={STYLE.body}>
        <div style={STYLE.page}>
          <p style={STYLE.brand}>AgentPass</p>
          {told.length > 1 && <h1 style={STYLE.title}>{subject}</h1>}
          {told.map((one) => (
            <Card told={one} />
          ))}
          <p style={STYLE.small}>{ABOUT_LINK}</p>
        </div>
      </body>
    </html>
  </>
)

const Card = ({ told }: { told: Told }) => (
  <div style={STYLE.card}>
    <h2 style={STYLE.title}>{told.heading}</h2>
    <table style={STYLE.table}>
      {told.rows.map(({ name, lines }) => (
        <tr>
          <th scope="row" style={STYLE.name}>
            {name}
          </th>
          <td style={STYLE.cell}>
            {lines.map((line) => (
              <div>
                <bdi>{line}</bdi>
              </div>
            ))}
          </td>
        </tr>
      ))}
    </table>
    <p style={STYLE.marked}>{THEIR_WORDS}</p>
    <div style={STYLE.task}>
      {told.task.map((line) => (
        <div>
          <bdi>{line === '' ? '\u00a0' : line}</bdi>
        </div>
      ))}
    </div>
    {told.link !== undefined && (
      <p style={STYLE.act}>
        <a href={told.link} style={STYLE.link}>
          {linkWords(told)}
        </a>
      </p>
    )}
  </div>
)
