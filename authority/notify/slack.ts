import { isAsking } from '../store/notifications.ts'
import type { Told } from './told.ts'

/** Slack shows no more of a text than that. */
const MOST_CHARS = 2900

/** A message for an incoming webhook of Slack. What others wrote stands in plain text, where nothing is marked up, and nobody is called. */
export function slackMessage({ heading, rows, task, link, kind }: Told): object {
  const [facts, words] = [
    rows.map(({ name, lines }) => `${name}: ${lines.join('\n    ')}`).join('\n'),
    ['What the agent says of its task, in its own words, which nobody has checked:', ...task.map((line) => `| ${line}`)].join('\n'),
  ]
  return {
    text: escaped(heading),
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `*${escaped(heading)}*` } },
      ...[facts, words].map((text) => ({ type: 'section', text: { type: 'plain_text', emoji: false, text: cut(escaped(text)) } })),
      ...(link === undefined ? [] : [{ type: 'actions', elements: [button(isAsking(kind) ? 'Look at it and decide' : 'Look at it', link)] }]),
    ],
  }
}

/** Neither in the middle of an entity nor of a character. */
const cut = (text: string): string => (text.length > MOST_CHARS ? `${text.slice(0, MOST_CHARS).replace(/&\w*$|[\ud800-\udbff]$/, '')}…` : text)

const button = (words: string, url: string) => ({ type: 'button', text: { type: 'plain_text', text: words }, url })

/** As Slack wants the three characters that mean something to it in any text, and HTML between its tags. */
export const escaped = (text: string): string => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')
