import { expectUnvisited, withCanary } from '../actors/canary.ts'
import { type Case, expectEqual } from '../case.ts'
import { expectNothing } from './bought.ts'
import type { ServiceStage } from './stage.ts'

/** Where an Authority’s document may send the Service (§5.2). */
export const validateUrls: Case<ServiceStage>[] = [
  {
    id: 'SVC-RED-21/http',
    about: 'the Authority’s document has an http URL for validation',
    negative: true,
    run: (s) => refusesUrl(s, (url) => url.replace('https:', 'http:')),
  },
  {
    id: 'SVC-RED-21/private',
    about: 'the Authority’s document has the Service’s own loopback address for validation',
    negative: true,
    run: (s) =>
      withCanary('::1', async (canary) => {
        await refusesUrl(s, (url) => url.replace(/^https:\/\/[^/]+/, `https://[::1]:${canary.port}`))
        expectUnvisited(s, canary)
      }),
  },
  {
    id: 'SVC-RED-21/other-host',
    about: 'the enterprise Authority’s document has another host for validation',
    negative: true,
    profile: 'hardened',
    run: async (s) => {
      const other = s.authority()
      await refusesUrl(s, () => String(Object(other.document.endpoints).validate))
      expectEqual(other.calls.length, 0, 'calls of the other host')
    },
  },
]

async function refusesUrl(s: ServiceStage, of: (url: string) => string): Promise<void> {
  const domain = s.account()
  const authority = s.authority()
  const endpoints: Record<string, unknown> = Object(authority.document.endpoints)
  authority.document.endpoints = { ...endpoints, validate: of(String(endpoints.validate)) }
  domain.publish(authority.reference.authority_configuration_url)
  expectNothing(await s.redeem(s.pass({ user: domain.user, authority })), { orServerError: true })
  expectEqual(authority.callsTo('validate').length, 0, 'validation calls')
  await s.token()
}
