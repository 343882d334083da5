import { isSuccess } from '../actors/client.ts'
import { type Case, expectThat } from '../case.ts'
import { refusesAnswer } from './4.4-answer.ts'
import { expectNothing, suggest } from './bought.ts'
import type { PassType, ServiceStage } from './stage.ts'

/** Users who are not the one that was named. */
const OTHERS: [slug: string, about: string, of: (user: string) => string, profile?: 'hardened'][] = [
  ['plus', 'the Authority answers with the user’s address with a tag', (user) => user.replace('@', '+tag@')],
  ['longer', 'the Authority answers with a user whose name ends in the one that was named', (user) => `x${user}`],
  [
    'capitals',
    'the Authority answers with the user’s name in capitals',
    (user) => user.replace(/^[^@]+/, (local) => local.toUpperCase()),
    'hardened',
  ],
]

/** What an attacker’s own domain and Authority say of somebody else’s user. */
const VICTIMS: [slug: string, about: string, type: PassType, victim: (s: ServiceStage, own: string) => string][] = [
  ['enterprise', 'the Authority of an attacker’s domain answers with a user of another domain', 'bearer_token', (s) => s.adapter.users.all],
  ['browser', 'for a session the Authority of an attacker’s domain answers with a user of another', 'browser_session', (s) => s.adapter.users.all],
  ['namesake', 'the Authority of an attacker’s domain answers with another domain’s user of the same name', 'bearer_token', (s) => s.account().user],
]

/** Whom the Authority speaks for (§4.4, §5.1.1). */
export const sameUser: Case<ServiceStage>[] = [
  {
    id: 'SVC-RED-12',
    about: 'the Authority answers with another user than the one named',
    negative: true,
    run: async (s) => suggest(s, await refusesAnswer(s, { user: { email: s.adapter.users.lacking } }), 403),
  },
  {
    id: 'SVC-RED-12/browser',
    about: 'for a browser session the Authority answers with another user than the one named',
    negative: true,
    run: async (s) => void (await refusesAnswer(s, { user: { email: s.adapter.users.lacking } }, { type: 'browser_session' })),
  },
  ...OTHERS.map(
    ([slug, about, of, profile]): Case<ServiceStage> => ({
      id: `SVC-RED-12/${slug}`,
      about,
      negative: true,
      ...(profile && { profile }),
      run: async (s) => void (await refusesAnswer(s, { user: { email: of(s.adapter.users.all) } })),
    }),
  ),
  {
    id: 'SVC-RED-12/normal-forms',
    about: 'the Authority answers with a name that looks the same and is written with other characters (NFC and NFD)',
    negative: true,
    run: async (s) => {
      const [, domain] = s.adapter.users.all.split('@')
      await refusesAnswer(s, { user: { email: `jose\u0301@${domain}` } }, { user: `jos\u00e9@${domain}` })
    },
  },
  ...VICTIMS.map(
    ([slug, about, type, victim]): Case<ServiceStage> => ({
      id: `SVC-RED-13/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const domain = s.account()
        const authority = s.authority()
        domain.publish(authority.reference.authority_configuration_url)
        const pass = (validation: Record<string, unknown>) => s.pass({ type, user: domain.user, authority, validation })
        expectNothing(await s.redeem(pass({ user: { email: victim(s, domain.user) } })))
        expectThat(isSuccess(await s.redeem(pass({}))), 'the domain’s own user to be let in', 'a refusal')
      },
    }),
  ),
  {
    id: 'SVC-RED-13/federated',
    about: 'a federated Authority, asked for a user without an Authority, answers with one whose domain has its own',
    negative: true,
    run: async (s) => {
      const { user } = s.account()
      const federated = (validation: Record<string, unknown>) => s.pass({ user, authority: s.house.federated, validation })
      expectNothing(await s.redeem(federated({ user: { email: s.adapter.users.all } })))
      await s.token(federated({}))
    },
  },
]
