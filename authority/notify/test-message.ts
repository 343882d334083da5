import { toRfc3339 } from '../../spec/time.ts'
import type { Mail } from './mail.tsx'
import type { WebhookSettings } from './settings.ts'
import { escaped } from './slack.ts'

const wordsOf = (authority: string): string => `The Authority ${authority} can tell you of requests. Nothing is asked of you.`

/** The mail by which an operator sees that the settings work. */
export const testMail = (authority: string): Pick<Mail, 'subject' | 'text' | 'html'> => ({
  subject: 'A test of the notifications of AgentPass',
  text: `${wordsOf(authority)}\n`,
  html: `<!doctype html><html lang="en"><body><p>${escaped(wordsOf(authority))}</p></body></html>`,
})

/** The same for a webhook. */
export const testMessage = (shape: WebhookSettings['shape'], authority: string, at: number): object =>
  shape === 'slack' ? { text: escaped(wordsOf(authority)) } : { type: 'test', timestamp: toRfc3339(at), data: { authority } }
