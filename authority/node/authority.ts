import type { ServerParty } from '../../spec/node/server-party.ts'
import { pathBeside, type SecretPlace } from '../../spec/node/settings.ts'
import { createVerifyEvent } from '../audit/verify-event.ts'
import { AuthoritySettings } from '../settings.ts'
import { migrations } from '../store/migrations/all.ts'
import { notificationPlaces, problemsOfNotificationSecrets } from './notification-secrets.ts'
import { openAuthority } from './open.ts'
import { checkedFile } from './policy-file.ts'

/** The Authority as its command line knows it. */
export const authority: ServerParty<AuthoritySettings> = {
  name: 'authority',
  command: 'agentpass-authority',
  schema: AuthoritySettings,
  migrations,
  identity: (settings) => settings.authority,
  records: ({ authority: identifier, trust_mode, domains = [] }) => {
    if (trust_mode !== 'enterprise') return [] // the others are never looked up in DNS (protocol 2)
    const value = `${new URL(identifier).origin}/.well-known/agentpass-authority`
    return domains.map((domain) => ({ name: `_agentpass.${domain}`, value }))
  },
  ownSecrets: ({ console: pages, notifications }): Record<string, SecretPlace> => ({
    ...(pages?.sign_in.client_secret && { client_secret: pages.sign_in.client_secret }),
    ...(notifications && notificationPlaces(notifications)),
  }),
  problemsOfSecrets: ({ notifications }, secrets) => (notifications ? problemsOfNotificationSecrets(notifications, secrets) : []),
  createVerifyEvent,
  examine: async (settings, file) => {
    if (settings.policy.file !== undefined) await checkedFile(pathBeside(file, settings.policy.file))
  },
  open: openAuthority,
}
