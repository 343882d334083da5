/** What settings of notifications may say: nonsense stops the start, and is told member by member. */
import { expect, test } from 'vitest'
import { remindAfterSeconds } from '../authority/notify/settings.ts'
import { AuthoritySettings } from '../authority/settings.ts'
import { parseSettings, SettingsError } from '../spec/node/settings.ts'
import { signInThere } from './fake-provider.ts'
import { authoritySettings } from './parties.ts'

const EMAIL = { from: 'agentpass@acme.example', smtp: { host: 'mail.acme.example' } }
const GENERIC = { name: 'tickets', shape: 'generic', url: 'https://hooks.example/x', secret: { file: 'secrets/tickets' } }
const SLACK = { name: 'security', shape: 'slack', url: { env: 'SLACK_URL' } }

/** What is wrong with these notifications; nothing when they are good. */
function problemsOf(notifications: unknown, changed: object = {}): string[] {
  try {
    parseSettings('f', JSON.stringify({ ...authoritySettings(), console: { sign_in: signInThere }, notifications, ...changed }), AuthoritySettings)
    return []
  } catch (failure) {
    if (!(failure instanceof SettingsError)) throw failure
    return failure.problems.map((problem) => problem.replace('f: notifications', ''))
  }
}
const smtp = (changed: object) => ({ email: { ...EMAIL, smtp: { ...EMAIL.smtp, ...changed } } })
const webhooks = (...list: object[]) => ({ webhooks: list })

test.each<[string, unknown]>([
  ['mail alone', { email: EMAIL }],
  [
    'mail with all there is',
    {
      email: { ...EMAIL, outcomes: false, smtp: { ...EMAIL.smtp, port: 465, tls: 'implicit', user: 'u', password: { env: 'P' }, ca_file: 'ca.pem' } },
    },
  ],
  ['a server on this computer without TLS', smtp({ host: '127.0.0.1', tls: 'off' })],
  ['webhooks alone', webhooks(GENERIC, SLACK)],
  ['a URL of Slack in a file', webhooks({ ...SLACK, url: { file: 'secrets/slack' }, on: ['requested', 'denied'] })],
  ['no reminder', { email: EMAIL, remind_after_seconds: 'off' }],
  ['a reminder after five minutes', { email: EMAIL, remind_after_seconds: 300 }],
])('notifications by %s are settings', (_, notifications) => {
  expect(problemsOf(notifications)).toEqual([])
})

test.each<[string, unknown, string]>([
  ['nobody', {}, ' tells nobody: name email or webhooks, or leave it out'],
  ['no mail server', { email: { from: EMAIL.from } }, '.email.smtp is missing'],
  ['a sender that is no address', { email: { ...EMAIL, from: 'AgentPass <x>' } }, '.email.from is no e-mail address, such as agentpass@acme.example'],
  [
    'a server elsewhere without TLS',
    smtp({ tls: 'off' }),
    '.email.smtp.tls is off, which is for a server on this computer alone: use starttls or implicit',
  ],
  ['a user without a password', smtp({ user: 'u' }), '.email.smtp.password goes with user: name both, or neither'],
  [
    'a password that stands there',
    smtp({ user: 'u', password: 'secret' }),
    '.email.smtp.password does not say where the secret is: { file: PATH } or { env: NAME }',
  ],
  ['a host with a path', smtp({ host: 'mail.example/x' }), '.email.smtp.host is no host name or address'],
  [
    'a webhook over http',
    webhooks({ ...GENERIC, url: 'http://hooks.example' }),
    '.webhooks.0.url is neither an https URL nor the place of one: { file: PATH } or { env: NAME }',
  ],
  [
    'a generic webhook without a secret',
    webhooks({ ...GENERIC, secret: undefined }),
    '.webhooks.0.secret is missing: a receiver of the shape generic must be able to tell who sends. { file: PATH } or { env: NAME } of a whsec_… secret',
  ],
  [
    'a secret for Slack',
    webhooks({ ...SLACK, secret: { env: 'X' } }),
    '.webhooks.0.secret is of no use to the shape slack, which verifies nothing: leave it out',
  ],
  [
    'a URL of Slack in the settings themselves',
    webhooks({ ...SLACK, url: 'https://hooks.slack.com/services/T/B/x' }),
    '.webhooks.0.url is a secret, as whoever has it can write there: { file: PATH } or { env: NAME }',
  ],
  ['an unknown shape', webhooks({ ...SLACK, shape: 'teams' }), '.webhooks.0.shape is none of generic, slack'],
  [
    'an unknown kind',
    webhooks({ ...SLACK, on: ['asked'] }),
    '.webhooks.0.on.0 is none of requested, reminder, approved, denied, expired, canceled, revoked',
  ],
  ['a name twice', webhooks(SLACK, SLACK), '.webhooks names one twice'],
  [
    'a name with a space',
    webhooks({ ...SLACK, name: 'my hook' }),
    '.webhooks.0.name is no name of lower-case letters, digits and hyphens, such as security-channel',
  ],
  ['a reminder in words', { email: EMAIL, remind_after_seconds: 'soon' }, '.remind_after_seconds is neither a number of seconds nor off'],
  [
    'a reminder after the deadline',
    { email: EMAIL, remind_after_seconds: 901 },
    '.remind_after_seconds is after the last moment of a decision, lifetimes.decision_seconds: nobody would be reminded',
  ],
  ['a member that is none', { email: EMAIL, sms: true }, '.sms is no setting'],
])('notifications by %s are none', (_, notifications, problem) => {
  expect(problemsOf(notifications)).toEqual([problem])
})

test('mail needs a console to lead to; webhooks do not', () => {
  expect(problemsOf({ email: EMAIL }, { console: undefined })).toEqual(['.email needs a console: the mails lead there'])
  expect(problemsOf(webhooks(SLACK), { console: undefined })).toEqual([])
})

test('mail is sent to users of domains that are served, and not to whomever somebody names', () => {
  const anybody = { trust_mode: 'federated', domains: undefined }
  expect(problemsOf({ email: EMAIL }, anybody)).toEqual(['.email needs domains: without them whoever asks for access has mail sent to anybody'])
  expect(problemsOf(webhooks(SLACK), anybody)).toEqual([])
})

test.each([
  [undefined, 450],
  ['off', undefined],
  [0, undefined],
  [60, 60],
] as const)('remind_after_seconds of %s is a reminder after so long: %s', (remind_after_seconds, seconds) => {
  expect(remindAfterSeconds({ webhooks: [], remind_after_seconds }, 900)).toBe(seconds)
})
