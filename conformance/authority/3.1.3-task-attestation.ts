import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer } from '../actors/client.ts'
import { type Key, sha256, sha256Hex } from '../actors/jws.ts'
import type { Changes } from '../actors/jwt.ts'
import { ALGORITHM_FAULTS, EXPIRED, EXPIRY_FAULTS, headerKeyFaults, type JwtFault, takeApart } from '../actors/jwt-faults.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { changed, expectAdmitted, expectOnlyFault } from './admission.ts'
import { attestHarness, attestTask, bind, USUAL } from './attesting.ts'
import type { AuthorityStage, Message } from './stage.ts'

const DECOMPOSED = 'Look after the cafe\u0301'

/** Of the faults of a signature those that could be overlooked where the key comes with the request. */
const SIGNATURES = ['alg-none', 'alg-none-signed', 'hs256-jwk', 'alg-other-curve', 'stranger', 'signature-changed', 'payload-changed']

/** A case in which the attestation of a task is made wrong, of a good one. */
const forgedTask = (requirement: string, { slug, about, forge }: JwtFault): Case<AuthorityStage> => ({
  id: `${requirement}/${slug}`,
  about: `the attestation of the task is not in order: ${about}`,
  negative: true,
  run: async (s) => {
    const { message, holder } = bind(s)
    const good = s.taskAttestation(message, holder)
    await expectOnlyFault(s, attestTask(message, forge(takeApart(good, holder))), attestTask(message, good), { usual: USUAL })
  },
})

/** Claims that are about something else than the request. */
const CLAIMS: [id: string, about: string, claims: (message: Message) => Record<string, unknown>][] = [
  ['03/other', 'its task_id is of another task', () => ({ task_id: 'another-task' })],
  ['03/missing', 'it has no task_id', () => ({ task_id: undefined })],
  ['03/capitals', 'its task_id is in capitals', ({ task }) => ({ task_id: task.id.toUpperCase() })],
  ['03/list', 'its task_id is a list of the right one', ({ task }) => ({ task_id: [task.id] })],
  ['04/other', 'its hash is of another description', () => ({ task_description_hash: sha256Hex('Look after something else') })],
  ['04/missing', 'it has no hash', () => ({ task_description_hash: undefined })],
  ['04/empty', 'its hash is empty', () => ({ task_description_hash: '' })],
  ['04/cut', 'its hash is only the beginning of one', ({ task }) => ({ task_description_hash: sha256Hex(task.description).slice(0, 32) })],
  ['04/base64url', 'its hash is not in hex', ({ task }) => ({ task_description_hash: sha256(task.description) })],
  ['04/plain', 'its hash is the description itself', ({ task }) => ({ task_description_hash: task.description })],
  [
    '04/trimmed',
    'its hash is of the description with a line break after it',
    ({ task }) => ({ task_description_hash: sha256Hex(`${task.description}\n`) }),
  ],
  ['05/other', 'its iss is another Harness', () => ({ iss: 'another-harness' })],
  ['05/missing', 'it has no iss', () => ({ iss: undefined })],
  ['05/capitals', 'its iss is the Harness in capitals', ({ harness }) => ({ iss: harness.id.toUpperCase() })],
]

/** What validation says of a task with these members beside the usual ones: whether it is attested. */
async function attestedWith(s: AuthorityStage, members: (message: Message, holder: Key) => Record<string, unknown>): Promise<boolean | undefined> {
  const service = s.service()
  const { message, holder } = bind(s, service)
  const task = { ...message.task, ...members(message, holder) }
  const { value } = await s.approved({ service, changed: { harness: message.harness, task } })
  return expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer').task?.attested
}

/** A description is attested, and the same in another spelling is sent. */
async function expectSpelling(s: AuthorityStage, attested: string, sent: string): Promise<void> {
  const { message, holder } = bind(s)
  const saying = (description: string): Message => ({ ...message, task: { ...message.task, description } })
  const [wrong, right] = [s.taskAttestation(saying(attested), holder), s.taskAttestation(saying(sent), holder)]
  await expectOnlyFault(s, attestTask(saying(sent), wrong), attestTask(saying(sent), right), { usual: USUAL })
}

const hashed = (slug: string, about: string, spell: (hex: string) => string): Case<AuthorityStage> => ({
  id: `AUTH-TATT-09/${slug}`,
  about,
  run: async (s) => {
    const { message, holder } = bind(s)
    const changes: Changes = { claims: { task_description_hash: spell(sha256Hex(message.task.description)) } }
    expectAdmitted(await s.issue(attestTask(message, s.taskAttestation(message, holder, changes))))
  },
})

/** Task attestations (§3.1.3): that the holder of the key speaks of this task. */
export const taskAttestation: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-TATT-01',
    about: 'the task is attested, and the request has no holder key',
    negative: true,
    run: async (s) => {
      const { message, holder } = bind(s)
      const right = attestTask(message, s.taskAttestation(message, holder))
      await expectOnlyFault(s, changed(right, 'harness.cnf', undefined), right, { usual: USUAL })
    },
  },
  ...ALGORITHM_FAULTS.filter(({ slug }) => SIGNATURES.includes(slug)).map((fault) => forgedTask('AUTH-TATT-02', fault)),
  ...headerKeyFaults('https://elsewhere.invalid/keys')
    .filter(({ slug }) => slug === 'jwk')
    .map((fault) => forgedTask('AUTH-TATT-02', { ...fault, slug: 'header-jwk' })),
  {
    id: 'AUTH-TATT-02/vendor',
    about: 'the vendor signed the attestation of the task, in place of the holder',
    negative: true,
    run: async (s) => {
      const { message, holder } = bind(s)
      const bound = attestHarness(message, s.vendorAttestation(message, holder))
      const wrong = attestTask(bound, s.taskAttestation(message, s.vendor.key))
      await expectOnlyFault(s, wrong, attestTask(bound, s.taskAttestation(message, holder)), { usual: USUAL })
    },
  },
  ...CLAIMS.map(
    ([id, about, claims]): Case<AuthorityStage> => ({
      id: `AUTH-TATT-${id}`,
      about: `the attestation of the task is about something else: ${about}`,
      negative: true,
      run: async (s) => {
        const { message, holder } = bind(s)
        const wrong = s.taskAttestation(message, holder, { claims: claims(message) })
        await expectOnlyFault(s, attestTask(message, wrong), attestTask(message, s.taskAttestation(message, holder)), { usual: USUAL })
      },
    }),
  ),
  {
    id: 'AUTH-TATT-04/composed',
    about: 'its hash is of the same description in composed Unicode',
    negative: true,
    run: (s) => expectSpelling(s, DECOMPOSED.normalize('NFC'), DECOMPOSED),
  },
  {
    id: 'AUTH-TATT-04/decomposed',
    about: 'its hash is of the same description in decomposed Unicode',
    negative: true,
    run: (s) => expectSpelling(s, DECOMPOSED, DECOMPOSED.normalize('NFC')),
  },
  ...[EXPIRED, ...EXPIRY_FAULTS.slice(0, 2)].map((fault) => forgedTask('AUTH-TATT-06', fault)),
  {
    id: 'AUTH-TATT-07',
    about: 'the holder attests the task',
    run: async (s) => {
      const attested = await attestedWith(s, (message, holder) => ({ attestation: { jwt: s.taskAttestation(message, holder) } }))
      expectEqual(attested, true, 'task.attested at validation')
    },
  },
  {
    id: 'AUTH-TATT-07/none',
    about: 'nobody attests the task',
    negative: true,
    run: async (s) => expectThat((await attestedWith(s, () => ({}))) !== true, 'task.attested not to be true at validation', 'true'),
  },
  {
    id: 'AUTH-TATT-07/claimed',
    about: 'nobody attests the task, and the request says that it is attested',
    negative: true,
    run: async (s) => {
      const attested = await attestedWith(s, () => ({ attested: true, verified: true }))
      expectThat(attested !== true, 'task.attested not to be true at validation', 'true')
    },
  },
  {
    id: 'AUTH-TATT-08',
    about: 'a Harness that nobody attests attests its task',
    run: async (s) => {
      const { message, holder } = bind(s)
      expectAdmitted(await s.issue(attestTask(message, s.taskAttestation(message, holder))))
    },
  },
  {
    id: 'AUTH-TATT-08/attested',
    about: 'a Harness that the vendor attests attests its task',
    run: async (s) => {
      const { message, holder } = bind(s)
      const bound = attestHarness(message, s.vendorAttestation(message, holder))
      expectAdmitted(await s.issue(attestTask(bound, s.taskAttestation(message, holder))))
    },
  },
  hashed('lower', 'the hash of the attestation is in small letters', (hex) => hex),
  hashed('upper', 'the hash of the attestation is in capitals', (hex) => hex.toUpperCase()),
]
