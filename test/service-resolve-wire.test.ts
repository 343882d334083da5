/** Answers that a hostile or broken name server sends, as bytes: to a Service each is a failure, and only an honest absence is absence. */
import type { Answer } from 'dns-packet'
import { expect, test } from 'vitest'
import { createResolver } from '../spec/node/dns.ts'
import { ACME } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'
import { alias, nameServer, type Reply, respond, soa, txt } from './spec/dns-fixture.ts'

const NAME = '_agentpass.acme.example'
const URL = `${ACME}/.well-known/agentpass-authority`
const FOUND = [txt(NAME, URL)]
const TRUNCATED = 0x0200
const NXDOMAIN = 3

/** A Service that asks this name server over UDP, and has Authorities to fall back to. */
async function asking(reply: Reply): Promise<Desk> {
  const { server } = await nameServer(reply)
  const { resolveTxt } = createResolver({ servers: [server], timeoutMs: 300, tries: 1 })
  return desk({ trust: ['own', 'federated'], effects: { resolveTxt } })
}
const says =
  (answers: Answer[], changes = {}): Reply =>
  (query) => [respond(query, answers, changes)]

test.each<[string, Reply]>([
  ['FORMERR', says([], { rcode: 1 })],
  ['SERVFAIL', says([], { rcode: 2 })],
  ['NOTIMP', says([], { rcode: 4 })],
  ['REFUSED', says([], { rcode: 5 })],
  ['records beside NXDOMAIN', says(FOUND, { rcode: NXDOMAIN })],
  ['an answer cut in the middle', (query) => [respond(query, FOUND).subarray(0, -7)]],
  ['bytes after the end', (query) => [Buffer.concat([respond(query, FOUND), Buffer.alloc(4)])]],
  ['an empty datagram', () => [Buffer.alloc(0)]],
  ['noise', () => [Buffer.from('no DNS at all, but long enough for a header')]],
  ['a truncated answer that TCP does not complete', says(FOUND, { flags: TRUNCATED })],
  ['the answer to another id', (query) => [respond({ ...query, id: ((query.id ?? 0) + 1) & 0xffff }, FOUND)]],
  ['an answer about another name alone', says([txt('_agentpass.evil.example', URL)])],
  ['a referral', says([], { authorities: [{ type: 'NS', name: 'example', ttl: 60, data: 'ns.example' }] })],
  ['aliases in a loop', says([alias(NAME, 'loop.example'), alias('loop.example', NAME)])],
  ['text that is not UTF-8', says([txt(NAME, Buffer.from([0x68, 0xff, 0xfe]))])],
])('%s is a failure, and no Authority is named [DISC-ENT-09]', async (_, reply) => {
  const d = await asking(reply)
  expect(await refusal(await d.resolve())).toEqual([502, 'discovery_failed'])
  expect(await refusal(await d.redeem({ authority: d.own.identifier }))).toEqual([502, 'discovery_failed'])
  expect(d.sent()).toEqual([])
})

test.each<[string, Reply]>([
  ['NXDOMAIN', says([], { rcode: NXDOMAIN, authorities: [soa(60, 60)] })],
  ['NODATA', says([], { authorities: [soa(60, 60)] })],
])('%s is absence [DISC-ENT-08]', async (_, reply) => {
  const d = await asking(reply)
  expect(await okay(await d.resolve())).toEqual({ service_authority: d.own.reference })
})

test.each(['https://authority.acme.example', 'none'])('the target of an alias, %s, is never read as a value [DISC-ENT-18]', async (target) => {
  const d = await asking(says([alias(NAME, target)], { authorities: [soa(60, 60)] }))
  expect(await okay(await d.resolve())).toEqual({ service_authority: d.own.reference })
})

test('records where an alias leads are the records of the name [DISC-ENT-18]', async () => {
  const d = await asking(says([alias(NAME, 'records.example'), txt('records.example', URL)]))
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
})

test('a guess that arrives before the answer is passed over [DISC-ENT-09]', async () => {
  const d = await asking((query) => [respond({ ...query, id: ((query.id ?? 0) + 1) & 0xffff }, [txt(NAME, 'none')]), respond(query, FOUND)])
  expect(await okay(await d.resolve())).toEqual({ enterprise_authority: d.enterprise.reference })
})
