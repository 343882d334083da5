/** Every kind of event that a party writes, as the event of OCSF 1.3.0 that it is. */
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type ExportedEvent, exportedEvent } from '../spec/node/export/event.ts'
import { createOcsf } from '../spec/node/export/ocsf.ts'
import { brokerTrail, consoleTrail, tripTrails } from './export-trails.ts'

const Name = z.string().min(1)
const User = z.looseObject({ name: Name, type_id: z.int(), email_addr: z.string().includes('@').optional() })
const Endpoint = z.looseObject({ name: Name.optional(), ip: z.union([z.ipv4(), z.ipv6()]).optional() }).refine(({ name, ip }) => name ?? ip)
const Actor = z.looseObject({ user: User.optional(), app_name: Name.optional() }).refine(({ user, app_name }) => user ?? app_name)

/** What the base event requires (OCSF 1.3.0, Base Event), and what this mapping promises beside it. */
const Base = z.looseObject({
  activity_id: z.int(),
  category_uid: z.int(),
  class_uid: z.int(),
  type_uid: z.int(),
  severity_id: z.int().min(0).max(6),
  status_id: z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(99)]),
  time: z.int().min(1_000_000_000_000),
  metadata: z.looseObject({
    version: z.literal('1.3.0'),
    product: z.looseObject({ name: Name, vendor_name: Name }),
    uid: Name,
    sequence: z.int().min(1),
  }),
  actor: Actor,
  src_endpoint: Endpoint,
  unmapped: z.looseObject({}),
})

/** What each class requires beside that, and its activities. */
const CLASSES: Record<number, { name: string; activities: number[]; required: z.ZodType }> = {
  3001: { name: 'Account Change', activities: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 99], required: z.looseObject({ user: User }) },
  3002: {
    name: 'Authentication',
    activities: [0, 1, 2, 3, 4, 5, 6, 99],
    required: z.looseObject({ user: User, service: z.looseObject({ name: Name }) }), // at least one of service and dst_endpoint
  },
  3003: { name: 'Authorize Session', activities: [0, 1, 2, 99], required: z.looseObject({ user: User, privileges: z.array(Name).min(1) }) }, // or group
  3004: { name: 'Entity Management', activities: [0, 1, 2, 3, 4, 99], required: z.looseObject({ entity: z.looseObject({ name: Name }) }) },
  3005: { name: 'User Access Management', activities: [0, 1, 2, 99], required: z.looseObject({ user: User, privileges: z.array(Name).min(1) }) },
  6003: {
    name: 'API Activity',
    activities: [0, 1, 2, 3, 4, 99],
    required: z.looseObject({ actor: Actor, api: z.looseObject({ operation: Name }), src_endpoint: Endpoint }),
  },
}

function requireOcsf(event: ExportedEvent) {
  const told = JSON.parse(JSON.stringify(createOcsf('authority')(event)))
  const base = Base.parse(told)
  const ofClass = CLASSES[base.class_uid]
  expect(ofClass, event.event).toBeDefined()
  ofClass?.required.parse(told)
  expect(ofClass?.activities).toContain(base.activity_id)
  expect([base.category_uid, base.type_uid]).toEqual([Math.floor(base.class_uid / 1000), base.class_uid * 100 + base.activity_id])
  if (base.activity_id === 99) expect(told.activity_name).toEqual(expect.any(String))
  const text = JSON.stringify(told)
  for (const [member, value] of Object.entries(event)) {
    if (typeof value === 'string') expect(text, member).toContain(JSON.stringify(value).slice(1, -1))
    if (Array.isArray(value)) expect(text, member).toContain(JSON.stringify(value))
  }
  return told
}

/** The kinds that stand in the sources, wherever a party writes one. */
const KINDS = [
  ...new Set(
    ['authority', 'service', 'harness', 'spec/node'].flatMap((folder) =>
      readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((file) => /\.tsx?$/.test(file))
        .flatMap((file) => [...readFileSync(`${folder}/${file}`, 'utf8').matchAll(/\bevent: '([a-z_]+)'/g)].map(([, kind = '']) => kind)),
    ),
  ),
].filter((kind) => kind !== 'unreadable')

test('the sources name the kinds of events', () => {
  expect(KINDS.length).toBeGreaterThan(18)
  expect(KINDS).toEqual(expect.arrayContaining(['issuance', 'decision', 'redemption', 'call', 'key_rotation', 'audit_head']))
})

test.each(KINDS.flatMap((kind) => [[kind, 'refused'] as const, [kind, 'added'] as const]))(
  'an event %s, which was %s, with as little as an event can say, is one of its class',
  (event, outcome) => {
    const told = requireOcsf({ id: 'i', seq: 1, source: 'https://a.example', at: 1_700_000_000, event, outcome })
    expect(told.status_id).toBe(outcome === 'refused' ? 2 : 1)
    expect([kindIsKnown(event), told.class_uid]).toEqual([true, told.class_uid])
  },
)

/** One of its own in the README's tables, so that nobody has to read the source to write a rule. */
const READMES = readFileSync('authority/README.md', 'utf8') + readFileSync('service/README.md', 'utf8') + readFileSync('harness/README.md', 'utf8')
const kindIsKnown = (kind: string) => READMES.includes(`\`${kind}\``)

test('every event of whole trips, of a console and of a broker is one of its class, and says all that it said', async () => {
  const rows = [...(await tripTrails()), ...(await consoleTrail()), ...(await brokerTrail())]
  const events = rows.map((row) => exportedEvent(row, 'https://a.example'))
  const kinds = new Set(events.map(({ event }) => event))
  expect([...kinds]).toEqual(
    expect.arrayContaining(['issuance', 'decision', 'validation', 'redemption', 'check', 'close', 'use', 'audit_head', 'sign_in', 'task', 'call']),
  )
  for (const event of events) requireOcsf(event)
})

test('what nobody has thought of yet is API activity of its name', () => {
  const told = requireOcsf({ id: 'i', seq: 1, source: 'https://a.example', at: 1_700_000_000, event: 'tomorrow', outcome: 'done', novel: 'x' })
  expect(told).toMatchObject({
    class_uid: 6003,
    activity_id: 99,
    activity_name: 'tomorrow',
    api: { operation: 'tomorrow' },
    unmapped: { novel: 'x' },
  })
  expect(requireOcsf({ id: 'i', seq: 1, source: 'https://a.example', at: 1_700_000_000, event: 'constructor', outcome: 'done' }).class_uid).toBe(6003)
})

test('who did it, to whom, from where and with which result stand where security people look', () => {
  const about = { id: 'i', seq: 7, source: 'https://a.example', at: 1_700_000_000 }
  const decision = {
    ...about,
    event: 'decision',
    outcome: 'approved',
    by: 'ida@acme.example',
    user: 'ada@acme.example',
    agent: 'agent-7',
    scope: ['t:read'],
    service: 'https://desk.example',
  }
  expect(requireOcsf(decision)).toMatchObject({
    ...{ class_uid: 3005, activity_id: 1, status_id: 1, severity_id: 1, time: 1_700_000_000_000 },
    actor: { user: { name: 'ida@acme.example', email_addr: 'ida@acme.example' }, app_name: 'agent-7' },
    user: { name: 'ada@acme.example' },
    ...{ privileges: ['t:read'], resource: { name: 'https://desk.example' }, metadata: { uid: 'i', sequence: 7 }, unmapped: {} },
  })
  expect(requireOcsf({ ...about, event: 'sign_in', outcome: 'signed in', by: 'ida@acme.example', address: '192.0.2.7' })).toMatchObject({
    ...{ class_uid: 3002, activity_id: 1, user: { name: 'ida@acme.example' }, src_endpoint: { ip: '192.0.2.7' } },
  })
  expect(requireOcsf({ ...about, event: 'validation', outcome: 'refused', code: 'already_consumed', service: 'https://desk.example' })).toMatchObject(
    {
      ...{ class_uid: 3003, status_id: 2, severity_id: 2, status_code: 'already_consumed', user: { name: 'unknown' } },
    },
  )
  expect(requireOcsf({ ...about, event: 'use', outcome: 'allowed', act: 'DELETE /api/1' })).toMatchObject({
    activity_id: 4,
    api: { operation: 'DELETE /api/1' },
  })
})
