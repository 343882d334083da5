import type { Database } from '../../spec/node/database.ts'
import { addGauge } from '../../spec/node/metrics.ts'
import type { Effects, Party } from '../../spec/node/party.ts'
import type { Chore } from '../../spec/node/sweep.ts'
import { type DeliverDeps, deliverMail, deliverToWebhook } from '../notify/deliver.ts'
import { giveUpAllLate } from '../notify/give-up.ts'
import { noticeSome } from '../notify/notice.ts'
import { createNotifier, type Way } from '../notify/notifier.ts'
import type { Webhook } from '../notify/post.ts'
import type { NotificationSettings, WebhookSettings } from '../notify/settings.ts'
import type { AuthoritySettings } from '../settings.ts'
import { countDeliveries } from '../store/deliveries.ts'
import { READ_AT_ONCE } from '../store/notification-cursor.ts'
import type { AuthorityTables } from '../store/schema.ts'
import { createMailer, type Mailer } from './mail.ts'
import { SMTP_CA, SMTP_PASSWORD, secretName, urlName } from './notification-secrets.ts'

/** What tells people and webhooks of requests, while the Authority runs. `stop` waits for what is under way, `close` lets go of the connections. */
export type Notifications = { chores: Chore[]; stop: () => Promise<void>; close: () => void }
type Given = { settings: AuthoritySettings; secrets: Record<string, string>; effects: Effects; party: Party; db: Database<AuthorityTables> }

/** What the settings say of notifications, at work; undefined where they say nothing. */
export function createNotifications({ settings, secrets, effects, party, db }: Given): Notifications | undefined {
  const { notifications, authority, lifetimes, console: pages } = settings
  if (!notifications) return undefined
  const { origin } = new URL(authority)
  const d: DeliverDeps = { ...effects, ...party, db, authority, consoleOrigin: pages && origin }
  const mailer = mailerOf(notifications, secrets, authority)
  const ways: Way[] = [
    ...(mailer ? [{ lane: { channel: 'email' as const }, deliver: (taken: () => void) => deliverMail(d, mailer.send, taken) }] : []),
    ...notifications.webhooks.map(
      (one): Way => ({
        lane: { channel: 'webhook', recipient: one.name },
        deliver: (taken) => deliverToWebhook(d, webhookOf(one, secrets), taken),
      }),
    ),
  ]
  const notifier = createNotifier(d, ways)
  const noticing = { ...d, notifications, lifetimes, roles: pages?.roles ?? [] }
  for (const state of ['waiting', 'failed'] as const)
    addGauge(party.metrics, { name: `agentpass_notifications_${state}`, help: HELP[state], take: () => countDeliveries(db.read, state, party.now()) })
  const run = async () => {
    for (let rounds = 0; rounds < MOST_ROUNDS && (await noticeSome(noticing)) === READ_AT_ONCE; rounds++);
    await giveUpAllLate(d)
    await notifier.look()
  }
  return {
    chores: [{ name: 'notifications', everyMs: 1000, run }],
    stop: notifier.stop,
    close: () => mailer?.close(),
  }
}

/** What is left of a long trail is read at the next turn: what is known by now is sent first. */
const MOST_ROUNDS = 10

const HELP = {
  waiting: 'notifications that are still to be sent',
  failed: 'notifications of the last 30 days that were given up',
}

/** The way to the mail server of the settings, where they have one. */
export const mailerOf = ({ email }: NotificationSettings, secrets: Record<string, string>, authority: string): Mailer | undefined =>
  email && createMailer({ ...email, password: secrets[SMTP_PASSWORD], ca: secrets[SMTP_CA], host: new URL(authority).hostname })

/** A webhook of the settings, with its secrets. */
export function webhookOf(settings: WebhookSettings, secrets: Record<string, string>): Webhook {
  const { name, shape, url } = settings
  return {
    name,
    shape,
    url: typeof url === 'string' ? url : (secrets[urlName(settings)] ?? ''),
    secret: secrets[secretName(settings)],
  }
}
