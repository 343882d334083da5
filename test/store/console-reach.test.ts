/** Whose requests somebody sees, decides and ends: what the settings say, as the database finds them. */
import { expect, test } from 'vitest'
import { type Identity, personOf } from '../../authority/console/person.ts'
import { consoleSettings, type RoleSetting } from '../../authority/console/settings.ts'
import { countWaiting, findWithin, listLive, listWithin } from '../../authority/store/console-lists.ts'
import { isWithin, type Reach } from '../../authority/store/reach.ts'
import { openSession } from '../../authority/store/sessions.ts'
import { isMeant } from '../../spec/email.ts'
import { SERVICE } from '../parties.ts'
import { addAuthorization, addRequests, consoleDatabase, NOW, requestRow } from './console-rows.ts'

const OTHER = 'https://wiki.example'
const FEW = { at: NOW, before: undefined, limit: 100 }

const GROUPS: Record<string, string[]> = {
  'ada@acme.example': ['support'],
  'ben@acme.example': ['support', 'night'],
  'dan@acme.example': ['finance'],
}
const USERS = ['ada@acme.example', 'ben@acme.example', 'dan@acme.example', 'eve@beta.example', 'me@acme.example']

/** A request of each of some people at each of two Services, named after both. */
async function office() {
  const db = await consoleDatabase()
  const at = { desk: SERVICE, wiki: OTHER }
  const rows = USERS.flatMap((user_email) =>
    Object.entries(at).map(([name, service_origin]) => requestRow(`${user_email.split('@')[0]}-${name}`, { user_email, service_origin })),
  )
  await addRequests(db, rows)
  await db.write(async (tx) => {
    for (const [email, groups] of Object.entries(GROUPS)) await openSession(tx, sessionOf(email), { before: undefined, groups })
  })
  const reached = async (reach: Reach) => (await listWithin(db.read, reach, { ...FEW, status: 'pending' })).map(({ ref }) => ref).sort()
  return { db, reached, all: rows.map(({ ref }) => ref).sort() }
}

const sessionOf = (email: string) => ({
  ...{ digest: `session of ${email}`, email, name: null, groups: '[]', authenticated_at: null, sealed_id_token: '', client: '{}' },
  ...{ opened_at: NOW, seen_at: NOW, expires_at: NOW + 60 },
})

const me: Identity = { email: 'me@acme.example', name: undefined, groups: ['leads'] }
const OWN = ['me-desk', 'me-wiki']
const personWith = (who: Identity, ...roles: object[]) =>
  personOf(who, consoleSettings.shape.roles.parse(roles.map((role) => ({ groups: ['leads'], ...role }))) as RoleSetting[], { isNamed: true })

test.each<[string, object[], string[]]>([
  ['has no role', [], []],
  ['is an approver for a user', [{ role: 'approver', for: { users: ['ada@acme.example'] } }], ['ada-desk', 'ada-wiki']],
  ['is an approver for a domain', [{ role: 'approver', for: { users: ['@beta.example'] } }], ['eve-desk', 'eve-wiki']],
  ['is an approver for a group', [{ role: 'approver', for: { groups: ['support'] } }], ['ada-desk', 'ada-wiki', 'ben-desk', 'ben-wiki']],
  [
    'is an approver for either of two groups',
    [{ role: 'approver', for: { groups: ['night', 'finance'] } }],
    ['ben-desk', 'ben-wiki', 'dan-desk', 'dan-wiki'],
  ],
  ['is an approver for a group that nobody is in', [{ role: 'approver', for: { groups: ['nobody'] } }], []],
  ['is an approver for a Service', [{ role: 'approver', for: { services: [OTHER] } }], ['ada-wiki', 'ben-wiki', 'dan-wiki', 'eve-wiki']],
  ['is an approver for a group at a Service', [{ role: 'approver', for: { groups: ['support'], services: [SERVICE] } }], ['ada-desk', 'ben-desk']],
  [
    'is an approver for users and those of a group, at a Service',
    [{ role: 'approver', for: { users: ['eve@beta.example'], groups: ['finance'], services: [SERVICE] } }],
    ['dan-desk', 'eve-desk'],
  ],
  [
    'has two such roles, which are not mixed',
    [
      { role: 'approver', for: { groups: ['support'], services: [SERVICE] } },
      { role: 'approver', for: { users: ['eve@beta.example'], services: [OTHER] } },
    ],
    ['ada-desk', 'ben-desk', 'eve-wiki'],
  ],
  ['is an approver for all', [{ role: 'approver' }], ['ada', 'ben', 'dan', 'eve'].flatMap((name) => [`${name}-desk`, `${name}-wiki`])],
  [
    'is an approver by their address',
    [{ role: 'approver', groups: undefined, people: ['me@ACME.example'], for: { users: ['ada@acme.example'] } }],
    ['ada-desk', 'ada-wiki'],
  ],
  ['is none by another address', [{ role: 'approver', groups: undefined, people: ['ME@acme.example', 'me@acme.example.evil'], for: {} }], []],
  ['is none by another group', [{ role: 'approver', groups: ['Leads', 'leads '], for: {} }], []],
  ['is an auditor', [{ role: 'auditor' }], []],
  ['is an admin', [{ role: 'admin' }], []],
])('who %s decides what is asked for themselves, and what their role adds', async (_, roles, others) => {
  const { reached, all } = await office()
  const person = personWith(me, ...roles)
  const decided = [...OWN, ...others].sort()
  expect(await reached(person.decides)).toEqual(decided)
  const [reads, administers] = ['auditor', 'admin'].map((name) => roles.some((role) => 'role' in role && role.role === name))
  expect(await reached(person.sees)).toEqual(reads || administers ? all : decided)
  expect(await reached(person.ends)).toEqual(administers ? all : decided)
  expect([person.reads, person.administers]).toEqual([reads || administers, administers])
})

test('groups are those of the last sign-in', async () => {
  const { db, reached } = await office()
  const { decides } = personWith(me, { role: 'approver', for: { groups: ['support'] } })
  await db.write((tx) => openSession(tx, { ...sessionOf('ada@acme.example'), digest: 'next' }, { before: undefined, groups: ['finance'] }))
  expect(await reached(decides)).toEqual(['ben-desk', 'ben-wiki', ...OWN])
  await db.write((tx) =>
    openSession(tx, { ...sessionOf('dan@acme.example'), digest: 'next of dan' }, { before: undefined, groups: ['support', 'night'] }),
  )
  expect(await reached(decides)).toEqual(['ben-desk', 'ben-wiki', 'dan-desk', 'dan-wiki', ...OWN])
})

const ADDRESSES = [
  ...['a%a@acme.example', 'a_a@acme.example', 'aXa@acme.example', 'axxa@acme.example', "a'a@acme.example", 'A%A@acme.example', '*@acme.example'],
  ...['ada@acme.example', 'Ada@acme.example', 'ada@sub.acme.example', 'ada@xacme.example', 'ada@acme.example.evil', 'ada@acmeXexample.com'],
  ...['zoë@acme.example', 'zoe\u0308@acme.example', '😀@acme.example', 'ada@xn--bcher-kva.example', 'acme.example@evil.example', '%@evil.example'],
]
const PATTERNS = [
  ...[
    'a%a@acme.example',
    'a_a@acme.example',
    '%@acme.example',
    '*@acme.example',
    "a'a@acme.example",
    '@acme.example',
    '@ACME.example',
    '@xacme.example',
  ],
  ...['ada@ACME.example', 'Ada@acme.example', '@evil.example', '@cme.example', '@example', 'zoë@acme.example', '😀@acme.example', '@bücher.example'],
]
test.each(PATTERNS)('%s means in the database those whom it means everywhere, byte for byte', async (pattern) => {
  const db = await consoleDatabase()
  await addRequests(
    db,
    ADDRESSES.map((user_email, i) => requestRow(`r${i}`, { user_email })),
  )
  const reach: Reach = { own: 'nobody@acme.example', others: [{ users: [pattern], groups: undefined, services: undefined }] }
  const found = await db.read.selectFrom('request').select('user_email').where(isWithin(reach)).execute()
  expect(found.map(({ user_email }) => user_email).sort()).toEqual(ADDRESSES.filter((address) => isMeant(pattern, address)).sort())
})

test('what is out of reach is not found, counted or listed, held or waiting', async () => {
  const { db } = await office()
  const reach = personWith(me, { role: 'approver', for: { groups: ['support'], services: [SERVICE] } }).decides
  for (const ref of ['ada-desk', 'ada-wiki', 'dan-desk']) await addAuthorization(db, ref)
  expect((await listLive(db.read, reach, { of: undefined, at: NOW, limit: 10 })).map(({ ref }) => ref)).toEqual(['ada-desk'])
  expect(await listLive(db.read, reach, { of: { by: 'user_email', is: 'dan@acme.example' }, at: NOW, limit: 10 })).toEqual([])
  expect(await countWaiting(db.read, reach, NOW)).toBe(4)
  expect(await findWithin(db.read, reach, 'ada-wiki')).toBeUndefined()
  expect(await findWithin(db.read, reach, 'ada-desk')).toMatchObject({ ref: 'ada-desk' })
})
