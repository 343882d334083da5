import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, isSuccess } from '../actors/client.ts'
import { type Case, expectEqual } from '../case.ts'
import { expectAdmitted, expectNotAdmitted, faulty } from './admission.ts'
import { suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

const NO_URLS: [slug: string, about: string, to: (origin: string) => unknown, lenient?: string][] = [
  ['javascript', 'a javascript URL', () => 'javascript:alert(1)'],
  ['data', 'a data URL', () => 'data:text/html,hello'],
  ['http', 'an http URL', (origin) => `${origin.replace('https:', 'http:')}/things`],
  ['relative', 'a URL without a scheme', (origin) => `${origin.replace('https:', '')}/things`],
  ['path', 'a path', () => '/things'],
  ['word', 'a word', () => 'things'],
  ['number', 'a number', () => 5],
  ['userinfo', 'a URL with the Service as its userinfo', (origin) => `${origin}@elsewhere.invalid/`, 'userinfo in a URL is better refused'],
]
/** Destinations that are not on the Service, some of them look as if they were. */
const ELSEWHERE: [slug: string, about: string, to: (origin: URL) => string][] = [
  ['other-host', 'it is on another host', () => 'https://elsewhere.invalid/things'],
  ['lookalike', 'its host only begins like that of the Service', ({ hostname }) => `https://${hostname}.elsewhere.invalid/`],
  ['other-port', 'it is on another port', ({ hostname }) => `https://${hostname}:1/things`],
]

/** Where a browser session is to begin (§5.3.1, §4.5). */
export const issuanceDestination: Case<AuthorityStage>[] = [
  ...NO_URLS.map(([slug, about, to, lenient]) =>
    faulty(
      {
        id: `AUTH-ISS-11/${slug}`,
        about: `intent.destination_url is ${about}`,
        at: 'intent.destination_url',
        to: ({ service }) => to(service.origin),
        ...(lenient !== undefined && { lenient }),
      },
      (message) => ({ ...message, type: 'browser_session' }),
    ),
  ),
  {
    id: 'AUTH-ISS-11/fragment',
    about: 'intent.destination_url has a fragment, which a browser may have',
    run: async (s) => {
      const service = s.service()
      const destination = `${service.origin}/things?a=1#/part`
      const { value } = await s.approved({ service, changed: { type: 'browser_session', intent: { destination_url: destination } } })
      const answer = expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer')
      expectEqual(answer.destination_url, destination, 'destination_url')
    },
  },
  ...ELSEWHERE.map(
    ([slug, about, to]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-12/${slug}`,
      about: `intent.destination_url is not on the Service: ${about}`,
      negative: true,
      run: async (s) => {
        const service = s.service()
        const destination = to(new URL(service.origin))
        const message = { ...s.message(service), type: 'browser_session' }
        const reply = await s.issue({ ...message, intent: { destination_url: destination } })
        if (!isSuccess(reply)) {
          expectNotAdmitted(reply)
          suggest(s, reply, 400, 403, 422)
          return void expectAdmitted(await s.issue(message))
        }
        const { value } = await s.approved({ service, changed: { type: message.type, intent: { destination_url: destination } } })
        const answer = expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer')
        expectEqual(answer.destination_url, destination, 'destination_url, which the Service is to judge,') // nobody else refuses it then
      },
    }),
  ),
]
