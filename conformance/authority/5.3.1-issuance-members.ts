import { createKey } from '../actors/jws.ts'
import type { Case } from '../case.ts'
import { changed, expectOnlyFault, type Fault, faulty } from './admission.ts'
import type { AuthorityStage } from './stage.ts'

type Row = [slug: string, about: string, at: string, to: unknown]
const rows = (requirement: string, table: Row[], usual: readonly number[] = [400]): Fault[] =>
  table.map(([slug, about, at, to]) => ({ id: `${requirement}/${slug}`, about, at, to: () => to, usual }))

const UNPROCESSABLE = [400, 422]

/** Members that are required, and must be of their type. */
const MEMBERS: Fault[] = [
  ...rows('AUTH-ISS-03', [
    ['missing', 'type is left out', 'type', undefined],
    ['null', 'type is null', 'type', null],
    ['unknown', 'type is an unknown word', 'type', 'api_key'],
    ['capitals', 'type is in capitals', 'type', 'BEARER_TOKEN'],
    ['list', 'type is a list of the right word', 'type', ['bearer_token']],
  ]),
  ...rows(
    'AUTH-ISS-04',
    [
      ['no-service', 'service is left out', 'service', undefined],
      ['missing', 'service.origin is left out', 'service.origin', undefined],
      ['number', 'service.origin is a number', 'service.origin', 5],
      ['word', 'service.origin is a word', 'service.origin', 'service'],
      ['empty', 'service.origin is empty', 'service.origin', ''],
    ],
    UNPROCESSABLE,
  ),
  {
    id: 'AUTH-ISS-04/http',
    about: 'service.origin is an http URL',
    at: 'service.origin',
    to: ({ service }) => service.origin.replace('https:', 'http:'),
    usual: UNPROCESSABLE,
  },
  {
    id: 'AUTH-ISS-04/list',
    about: 'service.origin is a list of the right URL',
    at: 'service.origin',
    to: ({ service }) => [service.origin],
    usual: UNPROCESSABLE,
  },
  ...rows('AUTH-ISS-06', [
    ['no-harness', 'harness is left out', 'harness', undefined],
    ['missing', 'harness.id is left out', 'harness.id', undefined],
    ['empty', 'harness.id is empty', 'harness.id', ''],
    ['number', 'harness.id is a number', 'harness.id', 5],
    ['null', 'harness.id is null', 'harness.id', null],
  ]),
  ...rows('AUTH-ISS-07', [
    ['no-task', 'task is left out', 'task', undefined],
    ['id-missing', 'task.id is left out', 'task.id', undefined],
    ['id-empty', 'task.id is empty', 'task.id', ''],
    ['id-object', 'task.id is an object', 'task.id', {}],
    ['description-missing', 'task.description is left out', 'task.description', undefined],
    ['description-empty', 'task.description is empty', 'task.description', ''],
    ['description-list', 'task.description is a list', 'task.description', ['Look after things']],
    ['description-null', 'task.description is null', 'task.description', null],
  ]),
]

/** Attestations that are there, and are none: absent is another thing. The request has a holder key, which they need. */
const ATTESTATIONS = rows('AUTH-ISS-10', [
  ['harness-empty', 'harness.attestation is an empty object', 'harness.attestation', {}],
  ['harness-jwt-empty', 'harness.attestation.jwt is empty', 'harness.attestation', { jwt: '' }],
  ['harness-text', 'harness.attestation is text', 'harness.attestation', ''],
  ['harness-jwt-number', 'harness.attestation.jwt is a number', 'harness.attestation', { jwt: 5 }],
  ['task-empty', 'task.attestation is an empty object', 'task.attestation', {}],
  ['task-jwt-empty', 'task.attestation.jwt is empty', 'task.attestation', { jwt: '' }],
  ['task-jwt-null', 'task.attestation.jwt is null', 'task.attestation', { jwt: null }],
  ['task-list', 'task.attestation is a list', 'task.attestation', []],
])

/** Spellings of an origin that are not its canonical form, each of the origin of a Service. */
const ORIGINS: [slug: string, about: string, spell: (origin: URL) => string][] = [
  ['slash', 'it has a slash at its end', ({ origin }) => `${origin}/`],
  ['path', 'it has a path', ({ origin }) => `${origin}/things`],
  ['query', 'it has a query', ({ origin }) => `${origin}?things`],
  ['fragment', 'it has a fragment', ({ origin }) => `${origin}#things`],
  ['userinfo', 'it has userinfo', ({ host }) => `https://somebody@${host}`],
  ['upper-case', 'its host is in capitals', ({ host }) => `https://${host.toUpperCase()}`],
  ['scheme-capitals', 'its scheme is in capitals', ({ host }) => `HTTPS://${host}`],
  ['default-port', 'it has the default port', ({ hostname }) => `https://${hostname}:443`],
  ['port-zeros', 'its port begins with a zero', ({ hostname, port }) => `https://${hostname}:0${port || '443'}`],
  ['blank', 'there is a blank before it', ({ origin }) => ` ${origin}`],
]

/** The members of an issuance request (§5.3.1, App. A). What is missing, or of another form, is refused, and is not taken for what it might have meant. */
export const issuanceMembers: Case<AuthorityStage>[] = [
  ...MEMBERS.map((fault) => faulty(fault)),
  ...ATTESTATIONS.map((fault) => faulty(fault, (message) => ({ ...message, harness: { ...message.harness, cnf: { jwk: createKey().jwk } } }))),
  ...ORIGINS.map(
    ([slug, about, spell]): Case<AuthorityStage> => ({
      id: `AUTH-ISS-25/${slug}`,
      about: `service.origin is not in canonical form: ${about}`,
      negative: true,
      run: async (s) => {
        const service = s.service()
        const odd = spell(new URL(service.origin))
        service.document.service = { origin: odd } // so that no comparison of the two is what refuses it
        await expectOnlyFault(s, changed(s.message(service), 'service.origin', odd), s.message(s.service()))
      },
    }),
  ),
]
