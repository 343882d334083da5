import type { Answer } from 'dns-packet'
import { expect, test } from 'vitest'
import type { Fetch } from '../../spec/effects.ts'
import { framed, type Reply, respond, says, soa, txt } from '../spec/dns-fixture.ts'
import { asking, each, LOOKERS, type Looker, SERVICE_LOOKS, type Server } from './discovery-parties.ts'

const [TRUNCATED, NXDOMAIN] = [0x0200, 3]
const EVIL = 'https://evil.example/config'

async function expectFailClosed(looker: Looker, hostile: Server, around?: (known: Fetch) => Fetch): Promise<void> {
  const { party, repair } = await asking(looker, hostile, around)
  await party.closed()
  repair()
  await party.opens()
}

type Mode = (looker: Looker) => Server
const about =
  (answers: (looker: Looker) => Answer[], changes = {}): Mode =>
  (looker) => ({ udp: says(answers(looker), changes) })
const good = ({ name, url }: Looker) => [txt(name, url)]
const evil = ({ name }: Looker) => [txt(name, EVIL)]
const raw =
  (bytes: (whole: Buffer) => Buffer): Mode =>
  (looker) => ({ udp: (query) => [bytes(respond(query, good(looker)))] })
const overTcp =
  (bytes: (whole: Buffer) => Buffer): Mode =>
  (looker) => ({ udp: says([], { flags: TRUNCATED }), tcp: (query) => bytes(respond(query, good(looker))) })

const FAILURES: Record<string, Mode> = {
  FORMERR: about(() => [], { rcode: 1 }),
  SERVFAIL: about(() => [], { rcode: 2 }),
  'SERVFAIL beside records': about(good, { rcode: 2 }),
  NOTIMP: about(() => [], { rcode: 4 }),
  REFUSED: about(() => [], { rcode: 5 }),
  'NXDOMAIN beside records': about(good, { rcode: NXDOMAIN }),
  'no answer': () => ({ udp: () => [] }),
  'an empty datagram': () => ({ udp: () => [Buffer.alloc(0)] }),
  noise: () => ({ udp: () => [Buffer.from('no DNS at all, but long enough for a header')] }),
  'half an answer': raw((whole) => whole.subarray(0, whole.length >> 1)),
  'an answer cut by a byte': raw((whole) => whole.subarray(0, -1)),
  'an answer with a tail': raw((whole) => Buffer.concat([whole, Buffer.alloc(3)])),
  'an answer to another id': (looker) => ({ udp: (query) => [respond({ ...query, id: ((query.id ?? 0) + 1) & 0xffff }, evil(looker))] }),
  'an answer to another question': (looker) => ({
    udp: (query) => [respond({ ...query, questions: [{ type: 'TXT', name: `x.${looker.name}` }] }, evil(looker))],
  }),
  'an answer about another name': about(() => [txt('_agentpass.evil.example', EVIL)]),
  'a referral': about(() => [], { authorities: [{ type: 'NS', name: 'example', ttl: 60, data: 'ns.example' }] }),
  'a truncated answer, and no TCP': about(good, { flags: TRUNCATED }),
  'a truncated answer over TCP too': ({ name }) => ({
    udp: says([], { flags: TRUNCATED }),
    tcp: (query) => framed(respond(query, [txt(name, EVIL)], { flags: TRUNCATED })),
  }),
  'TCP that closes at once': overTcp(() => Buffer.alloc(0)),
  'TCP that closes in mid-answer': overTcp((whole) => framed(whole).subarray(0, -1)),
  'TCP that answers less than it says': overTcp((whole) => Buffer.concat([Buffer.from([0xff, 0xff]), whole])),
}
const modes = (table: Record<string, Mode>) =>
  LOOKERS.flatMap((looker) => Object.entries(table).map(([how, mode]) => [looker.who, how, looker, mode] as const))
const ids = ({ isEnterprise }: Looker) => (isEnterprise ? ' [DISC-ENT-09]' : '')
const tagged = (table: Record<string, Mode>) => modes(table).map(([who, how, looker, mode]) => [who, how, ids(looker), looker, mode] as const)

test.each(tagged(FAILURES))(
  'D-01: to %s, %s is a failure and no absence: nobody is named, asked or believed%s',
  async (_who, _how, _ids, looker, mode) => {
    await expectFailClosed(looker, mode(looker))
  },
)

test('D-02: who drops the questions about AgentPass alone does not bring a federated Authority in [DISC-ENT-09]', async () => {
  const dropping: Reply = (query) => (query.questions?.some(({ name }) => name.startsWith('_agentpass')) ? [] : [respond(query, [])])
  await expectFailClosed(SERVICE_LOOKS, { udp: dropping })
})

test('D-02: absence is believed of one who says so, and of nobody who is silent beside it [DISC-ENT-08]', async () => {
  const { party, repair, asked } = await asking(SERVICE_LOOKS, { udp: says([], { rcode: NXDOMAIN, authorities: [soa(60, 60)] }) })
  await expect(party.closed()).rejects.toThrow() // the Service's own choice is open now
  repair()
  party.pass(60)
  await party.opens()
  expect(asked()).toBe(2)
})

test.each(each)('D-11: to %s, a short outage is an outage while it lasts, and nothing remembers it as absence', async (_who, looker) => {
  const { party, repair, asked } = await asking(looker, { udp: says([], { rcode: 2 }) })
  for (let second = 0; second < 10; second++) {
    await party.closed()
    party.pass(1)
  }
  const before = asked()
  repair()
  await party.opens()
  expect(asked()).toBeGreaterThan(before)
})
