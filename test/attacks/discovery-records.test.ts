/** Attacks D-03 to D-09: what may stand in a record, or beside it, to every party that looks names up. Bytes on a socket, our own DNS client, real doors. */
import { createServer } from 'node:net'
import type { Answer } from 'dns-packet'
import { expect, onTestFinished, test } from 'vitest'
import type { Fetch } from '../../spec/effects.ts'
import { createResolver } from '../../spec/node/dns.ts'
import { createGuardedFetch } from '../../spec/node/fetch.ts'
import { desk, refusal } from '../service-rig.ts'
import { alias, framed, nameServer, respond, type Stream, says, txt } from '../spec/dns-fixture.ts'
import { listen } from '../spec/tls-fixture.ts'
import { asking, each, LOOKERS, type Looker } from './discovery-parties.ts'

const TRUNCATED = 0x0200
const EVIL = 'https://evil.example/config'
const good = ({ name, url }: Looker) => [txt(name, url)]

/** Record sets and what they come to: for an enterprise's name, and for a Service's own, at which `none` does not parse. */
type Outcome = 'found' | 'failed' | 'disabled'
type Row = [string, (looker: Looker) => Answer[], Outcome, Outcome]
const values =
  (...list: ((url: string) => string | Buffer | (string | Buffer)[])[]) =>
  ({ name, url }: Looker) =>
    list.map((value) => txt(name, value(url)))
const SETS: Row[] = [
  [
    'two URLs',
    values(
      (url) => url,
      () => EVIL,
    ),
    'failed',
    'failed',
  ],
  [
    'a URL and none',
    values(
      (url) => url,
      () => 'none',
    ),
    'failed',
    'found',
  ],
  [
    'one URL twice',
    values(
      (url) => url,
      (url) => url,
    ),
    'found',
    'found',
  ],
  [
    'a URL beside foreign text',
    values(
      (url) => url,
      () => 'v=spf1 -all',
    ),
    'found',
    'found',
  ],
  ['foreign text alone', values(() => 'v=spf1 -all'), 'failed', 'failed'],
  ['a hundred URLs', (looker) => Array.from({ length: 100 }, (_, i) => txt(looker.name, `${EVIL}/${i}`)), 'failed', 'failed'],
  [
    'a URL among a hundred that are none',
    ({ name, url }) => [...Array.from({ length: 99 }, (_, i) => txt(name, `junk ${i}`)), txt(name, url)],
    'found',
    'found',
  ],
]
const TEXTS: Row[] = [
  ['a URL in strings of one octet', values((url) => [...url]), 'found', 'found'],
  ['a URL in two strings, the cut in its host', values((url) => [url.slice(0, 12), url.slice(12)]), 'found', 'found'],
  ['a URL and an empty string', values((url) => [url, '']), 'found', 'found'],
  ['a URL and a string more', values((url) => [url, ' x']), 'failed', 'failed'],
  ['a URL in quotes', values((url) => `"${url}"`), 'failed', 'failed'],
  ['a URL with a zone file’s escape', values((url) => url.replace('https', '\\104ttps')), 'failed', 'failed'],
  ['a URL and a zone file’s quote', values((url) => `${url}\\034`), 'failed', 'failed'],
  ['a URL and NUL', values((url) => `${url}\0`), 'failed', 'failed'],
  ['NUL before a URL', values((url) => `\0${url}`), 'failed', 'failed'],
  ['a URL with a line break in it', values((url) => url.replace('/.', '/\r\n.').replace('/c', '/\r\nc')), 'failed', 'failed'],
  ['a URL and a line break', values((url) => `${url}\r\n`), 'failed', 'failed'],
  ['a URL in UTF-16', values((url) => Buffer.from(url, 'utf16le')), 'failed', 'failed'],
  ['octets that are not UTF-8', values((url) => Buffer.concat([Buffer.from(url), Buffer.from([0xff, 0xfe])])), 'failed', 'failed'],
  ['a byte order mark before a URL', values((url) => `\ufeff${url}`), 'failed', 'failed'],
]
const LINKS: Row[] = [
  ['http', values((url) => url.replace('https', 'http')), 'failed', 'failed'],
  ['ftp', values((url) => url.replace('https', 'ftp')), 'failed', 'failed'],
  ['javascript', values(() => 'javascript:alert(1)'), 'failed', 'failed'],
  ['file', values(() => 'file:///etc/passwd'), 'failed', 'failed'],
  ['no scheme', values((url) => url.slice('https:'.length)), 'failed', 'failed'],
  ['https without slashes', values((url) => url.replace('//', '')), 'failed', 'failed'],
  ['backslashes for slashes', values((url) => url.replace('//', '\\\\')), 'failed', 'failed'],
  ['a tab in the scheme', values((url) => url.replace('https', 'ht\ttps')), 'failed', 'failed'],
  ['a tab in the path', values((url) => `${url}\t/`), 'failed', 'failed'],
  ['a blank in the path', values((url) => `${url} /`), 'failed', 'failed'],
  ['an upper-case scheme', values((url) => url.replace('https', 'HTTPS')), 'found', 'found'],
]
const NONES: Row[] = [
  ['none', values(() => 'none'), 'disabled', 'failed'],
  ['none between blanks', values(() => ' none\t'), 'disabled', 'failed'],
  ['none in two strings', values(() => ['no', 'ne']), 'disabled', 'failed'],
  ...['None', 'NONE', 'none.', 'none;x', '"none"', 'none none', 'nοne', 'none\0', 'none\n'].map(
    (none): Row => [JSON.stringify(none), values(() => none), 'failed', 'failed'],
  ),
]

async function expectOutcome(looker: Looker, answers: Answer[], outcome: Outcome): Promise<void> {
  for (const order of answers.length > 1 ? [answers, answers.toReversed()] : [answers]) {
    const whole: Stream = (query) => framed(respond(query, order))
    const isLong = respond({ questions: [{ type: 'TXT', name: looker.name }] }, order).length > 1200
    const { party, repair } = await asking(looker, isLong ? { udp: says([], { flags: TRUNCATED }), tcp: whole } : { udp: says(order) })
    if (outcome !== 'found') {
      await party.closed(outcome === 'disabled' ? [403, 'delegation_disabled'] : undefined)
      repair()
      party.pass(300) // what DNS does say is kept for its time to live
    }
    await party.opens()
  }
}
const outcomes = (rows: Row[], id: string) =>
  LOOKERS.flatMap((looker) =>
    rows.map(([what, answers, enterprise, own]) => {
      const outcome = looker.isEnterprise ? enterprise : own
      return [looker.who, what, outcome, looker.isEnterprise ? ` [${id}]` : '', looker, answers] as const
    }),
  )
test.each(outcomes(SETS, 'DISC-ENT-06'))('D-03: to %s, %s is %s, in any order%s', async (_who, _what, outcome, _id, looker, answers) => {
  await expectOutcome(looker, answers(looker), outcome)
})
test.each(outcomes(TEXTS, 'DISC-ENT-10'))('D-04: to %s, %s is %s%s', async (_who, _what, outcome, _id, looker, answers) => {
  await expectOutcome(looker, answers(looker), outcome)
})
test.each(outcomes(LINKS, 'DISC-ENT-11'))(
  'D-06: to %s, a record that is a URL but for %s is %s%s',
  async (_who, _what, outcome, _id, looker, answers) => {
    await expectOutcome(looker, answers(looker), outcome)
  },
)
test.each(outcomes(NONES, 'DISC-ENT-05'))('D-08: to %s, %s is %s%s', async (_who, _what, outcome, _id, looker, answers) => {
  await expectOutcome(looker, answers(looker), outcome)
})

test.each(each)('D-05: to %s, a record of 64 KB is read over TCP and is no URL; a good one that comes over TCP is', async (_who, looker) => {
  const strings = Array.from({ length: 250 }, () => 'x'.repeat(255))
  const over = (answers: Answer[]) => ({
    udp: says([], { flags: TRUNCATED }),
    tcp: (query: Parameters<Stream>[0]) => framed(respond(query, answers)),
  })
  const giant = await asking(looker, over([txt(looker.name, [`${looker.url}?`, ...strings])]))
  await giant.party.closed()
  giant.repair()
  giant.party.pass(300)
  await giant.party.opens()
  await (await asking(looker, over(good(looker)))).party.opens()
})

/** Hosts that are this machine or its network, however they are written, and URLs that are none of a document. */
const INTERNAL = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '0x7f.1',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '10.0.0.1',
  '169.254.169.254',
  'localhost',
  'printer.local',
  'intranet',
  'rebound.test',
]
test.each(each)('D-07: %s follows no record to this machine or its network, and none with userinfo or a fragment', async (_who, looker) => {
  const { sockets, port } = await listen(
    createServer((socket) => socket.destroy()),
    0,
    '127.0.0.1',
  )
  const guard = createGuardedFetch({ resolveAddresses: async () => [{ address: '127.0.0.1', family: 4 }] })
  onTestFinished(guard.close)
  const around =
    (known: Fetch): Fetch =>
    (url, init) =>
      new URL(url).hostname.endsWith('.example') ? known(url, init) : guard.fetch(url, init)
  const urls = INTERNAL.map((host) => `https://${host}:${port}/config`)
  urls.push(looker.url.replace('//', '//user:secret@'), looker.url.replace('//', '//@'), `${looker.url}#x`, `${looker.url}#`)
  let url = ''
  const { party, repair } = await asking(looker, { udp: (query) => [respond(query, [txt(looker.name, url, 1)])] }, around)
  for (url of urls) {
    await party.closed()
    party.pass(2)
  }
  expect(sockets).toEqual([])
  repair()
  await party.opens()
})

const chain = (name: string, links: number): Answer[] =>
  Array.from({ length: links }, (_, i) => alias(i === 0 ? name : `c${i}.example`, `c${i + 1}.example`))
const ALIASES: Row[] = [
  ['a chain of aliases to the record', ({ name, url }) => [...chain(name, 3), txt('c3.example', url)], 'found', 'found'],
  ['an alias to itself', ({ name }) => [alias(name, name)], 'failed', 'failed'],
  ['aliases in a loop', ({ name }) => [alias(name, 'loop.example'), alias('loop.example', name)], 'failed', 'failed'],
  ['fifty aliases in a row', ({ name, url }) => [...chain(name, 50), txt('c50.example', url)], 'failed', 'failed'],
  [
    'two aliases of one name',
    ({ name, url }) => [alias(name, 'a.example'), alias(name, 'b.example'), txt('a.example', url), txt('b.example', EVIL)],
    'failed',
    'failed',
  ],
  ['an alias beside a record', ({ name, url }) => [alias(name, 'a.example'), txt(name, url), txt('a.example', EVIL)], 'failed', 'failed'],
  ['a record of another name beside it', ({ name, url }) => [txt(name, url), txt('evil.example', EVIL)], 'found', 'found'],
  [
    'an alias that a DNAME makes',
    ({ name, url }) => [
      { type: 'DNAME', name: name.replace(/^[^.]+\./, ''), ttl: 60, data: 'moved.example' } as Answer,
      alias(name, 'x.moved.example'),
      txt('x.moved.example', url),
    ],
    'found',
    'found',
  ],
]
test.each(outcomes(ALIASES, 'DISC-ENT-18'))('D-09: to %s, %s is %s%s', async (_who, _what, outcome, _id, looker, answers) => {
  await expectOutcome(looker, answers(looker), outcome)
})

test('D-09: a wildcard that answers for every name below a domain opens no fallback, and the refusal says what to look for [DISC-ENT-03]', async () => {
  const { server } = await nameServer((query) => [respond(query, [txt(query.questions?.[0]?.name ?? '', 'v=spf1 -all')])])
  const d = await desk({ trust: ['own', 'federated'], effects: createResolver({ servers: [server], timeoutMs: 2000 }) })
  const answer = await d.resolve('ada@any.corp.example')
  expect(await answer.clone().text()).toContain('wildcard')
  expect(await refusal(answer)).toEqual([502, 'discovery_failed'])
})
