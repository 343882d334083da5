import { type Chore, sweepAll } from '../../spec/node/sweep.ts'
import { SKEW_SECONDS } from '../../spec/profile.ts'
import type { AuthorityDeps } from '../app.ts'
import { expireDue } from '../approve/approve.ts'
import { termsOf } from '../audit/terms.ts'
import { idleSecondsOf } from '../console/session.ts'
import type { Outbox } from '../events/outbox.ts'
import type { AuthoritySettings } from '../settings.ts'
import { deleteAssertionsExpiredBefore } from '../store/assertions.ts'
import { deleteNotificationsBefore } from '../store/deliveries.ts'
import { deleteRememberedExpiredBefore } from '../store/remembered.ts'
import { deleteRequestsEndedBefore } from '../store/requests.ts'
import { deleteSessionsOver } from '../store/sessions.ts'
import { indexTrail } from '../store/trail.ts'

const DAY_SECONDS = 86_400
const KEEP_NOTIFICATIONS_DAYS = 30

/** What an Authority does again and again beside answering: it tells, ends what is over, and forgets. */
export const chores = (settings: AuthoritySettings, d: AuthorityDeps & { outbox: Outbox }): Chore[] => [
  ...consoleChores(d),
  { name: 'last checks', everyMs: 5000, run: d.lastChecks.flush },
  { name: 'events', everyMs: 1000, run: d.watches.look },
  { name: 'push', everyMs: 1000, run: d.outbox.look },
  { name: 'expiry', everyMs: 1000, run: () => sweepAll((limit) => expireDue(d, limit)) },
  {
    name: 'sweeping',
    everyMs: 60_000,
    run: async () => {
      const at = d.now()
      await sweepAll((limit) => d.db.write((tx) => deleteAssertionsExpiredBefore(tx, at - SKEW_SECONDS, limit)))
      await sweepAll((limit) => d.db.write((tx) => deleteNotificationsBefore(tx, at - KEEP_NOTIFICATIONS_DAYS * DAY_SECONDS, limit)))
      await sweepAll((limit) => d.db.write((tx) => deleteRememberedExpiredBefore(tx, at, limit)))
      await sweepAll((limit) => d.db.write((tx) => deleteRequestsEndedBefore(tx, at - settings.keep_requests_days * DAY_SECONDS, limit)))
    },
  },
]

const consoleChores = ({ console: pages, ...d }: AuthorityDeps): Chore[] =>
  pages
    ? [
        { name: 'console streams', everyMs: 1000, run: pages.streams.look },
        { name: 'audit index', everyMs: 1000, run: () => sweepAll(() => d.db.write((tx) => indexTrail(tx, d.db.dialect, termsOf))) },
        { name: 'identity provider', everyMs: 60_000, run: pages.provider.warm },
        {
          name: 'console sessions',
          everyMs: 60_000,
          run: () =>
            sweepAll((limit) => d.db.write((tx) => deleteSessionsOver(tx, { at: d.now(), idleSeconds: idleSecondsOf(pages.settings) }, limit))),
        },
      ]
    : []
