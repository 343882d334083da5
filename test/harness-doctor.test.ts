import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { openNetwork } from '../harness/node/network.ts'
import { commandLine } from './harness-cli-rig.ts'
import { ACME, type Answer, answer, authorityDocument, DESK, referenceTo, refusal, USER } from './harness-rig.ts'

type CommandLine = ReturnType<typeof commandLine>
const OTHER = 'https://other.example'
const RECORD = '_agentpass-service.desk.example'
const ALL = ['doctor', '--service', DESK, '--user', USER]
const LOCAL = ['settings', 'state', 'network']
const AT_SERVICE = [...LOCAL, 'service dns', 'service record', 'service tls', 'service clock', 'service document']
const AT_AUTHORITY = [...AT_SERVICE, 'user record', 'resolution', 'authority tls', 'authority clock', 'authority document']

/** The command before parties that are well: an Authority refuses what is no request. */
function well(): CommandLine {
  const c = commandLine()
  c.authority.issue = refusal(400, 'malformed_request')
  c.publish('_agentpass.acme.example', `${ACME}/configuration`)
  return c
}
const hopsOf = ({ json }: { json: any }) => json.hops.map(({ hop }: { hop: string }) => hop)

test('every hop that works is said in words, to the Authority’s issuance, and nothing is asked for', async () => {
  const c = well()
  const { code, out, err } = await c.run(...ALL)
  expect([code, err]).toEqual([0, 'all of it works\n'])
  const lines = out.split('\n')
  expect(lines.slice(3, 8)).toEqual([
    expect.stringMatching(new RegExp(`^works {2}service dns {9}\\S.* answered for ${RECORD}$`)),
    `works  service record      ${RECORD} leads to ${DESK}/configuration`,
    'works  service tls         desk.example answers, with a certificate that this machine trusts',
    `works  service clock       ${DESK} does not say what time it is`,
    'works  service document    Ticket desk is a service of AgentPass',
  ])
  expect(lines.slice(8)).toEqual([
    `note   user record         _agentpass.acme.example leads to ${ACME}/configuration; what counts is how the service sees it`,
    `works  resolution          ${ACME} decides for ${USER}`,
    'works  authority tls       authority.acme.example answers, with a certificate that this machine trusts',
    `works  authority clock     ${ACME} does not say what time it is`,
    `works  authority document  ${ACME} is of the kind enterprise`,
    `works  issuance            ${ACME}/some/where/issue takes requests`,
    '',
  ])
  expect(c.posted(`${ACME}/some/where/issue`)).toEqual([{}])
  expect([c.files(), c.leftOpen()]).toEqual([[], 0])
})

test('without a service this machine alone is looked at, and nobody is asked; without a user, the service', async () => {
  const c = well()
  c.settings('profile: hardened\nnetwork: { dns_servers: [192.0.2.53, "[2001:db8::53]:53"], allow_private: [10.1.0.0/16] }\n')
  const local = await c.run('doctor')
  expect([local.code, c.lookups, c.calls]).toEqual([0, [], []])
  expect(local.out).toContain(`works  settings            ${c.home}/.config/agentpass/config.yaml; profile hardened, harness agentpass-cli@`)
  expect(local.out).toContain(`works  state               ${c.state} is for this user alone; tasks of which something is held: 0\n`)
  expect(local.out).toContain('works  network             DNS servers 192.0.2.53, [2001:db8::53]:53; private networks allowed: 10.1.0.0/16\n')
  const service = await c.run('doctor', '--service', DESK, '--json')
  expect([service.code, hopsOf(service)]).toEqual([0, AT_SERVICE])
  expect(service.err).toContain('--user')
  expect(c.callsTo(ACME)).toEqual([])
})

/** What is broken, the hops before that is seen and the hop where, and what is said of it. */
type Broken = { is: string; breaks: (c: CommandLine) => void; before: string[]; hop: string; says: string; mend: string }
const before = (hop: string) => AT_AUTHORITY.slice(0, AT_AUTHORITY.indexOf(hop))
const at = (hop: string) => ({ hop, before: before(hop) })
const service =
  (page: 'configuration' | 'resolve', next: (c: CommandLine) => Response | Promise<Response>): Broken['breaks'] =>
  (c) => {
    c.service[page] = () => next(c)
  }
const authority =
  (page: 'configuration' | 'issue', next: Answer): Broken['breaks'] =>
  (c) => {
    c.authority[page] = next
  }
const anHourAhead = (c: CommandLine) => answer({}, 200, { date: new Date((c.now() + 3600) * 1000).toUTCString() })()
const several = answer({ trusted_federated_authorities: [referenceTo(ACME), referenceTo(OTHER)] })
const elsewhere: Answer = () => new Response(null, { status: 307, headers: { location: OTHER } })
const issuance = { hop: 'issuance', before: AT_AUTHORITY }

const BROKEN: Broken[] = [
  { is: 'a setting that is none', breaks: (c) => c.settings('colour: blue'), ...at('settings'), says: 'colour is no setting', mend: 'correct' },
  {
    ...{ is: 'a key that is not there', breaks: (c) => c.settings('holder_key: { file: key.json }') },
    ...{ before: ['settings', 'state'], hop: 'holder key', says: 'there is no holder key', mend: 'agentpass key ' },
  },
  { is: 'DNS that fails', breaks: (c) => c.breakDns(RECORD), ...at('service dns'), says: 'failed: SERVFAIL', mend: 'check the network' },
  { is: 'no record', breaks: (c) => c.publish(RECORD), ...at('service record'), says: `${RECORD} has no TXT`, mend: 'may not know AgentPass' },
  { is: 'a bad record', breaks: (c) => c.publish(RECORD, 'none'), ...at('service record'), says: 'no https URL', mend: 'they publish that record' },
  { is: 'a service that is down', breaks: (c) => c.net.unplug(DESK), ...at('service tls'), says: 'no site', mend: 'check that desk.example is up' },
  {
    ...{ is: 'a document that is none', breaks: service('configuration', answer({})), ...at('service document') },
    ...{ says: 'version (missing)', mend: 'configuration may be missing or broken' },
  },
  {
    ...{ is: "a service's clock an hour ahead", breaks: service('configuration', anHourAhead), ...at('service clock') },
    ...{ says: `clock is 3600 s behind that of ${DESK}`, mend: 'set it, or have it set over the network' },
  },
  {
    ...{ is: 'delegation that is switched off', breaks: service('resolve', refusal(403, 'delegation_disabled', 'so it is')) },
    ...{ ...at('resolution'), says: 'so it is', mend: 'switched delegation off' },
  },
  {
    ...{ is: 'several authorities', breaks: service('resolve', several), ...at('resolution') },
    ...{ says: 'nobody to ask', mend: `--authority ${ACME} or --authority ${OTHER}` },
  },
  {
    is: 'an authority that is down',
    breaks: (c) => c.net.unplug(ACME),
    ...at('authority tls'),
    says: 'no site',
    mend: 'authority.acme.example is up',
  },
  {
    ...{ is: 'an authority that calls itself another', breaks: authority('configuration', answer(authorityDocument(OTHER))) },
    ...{ ...at('authority document'), says: 'another authority', mend: 'tell its operators' },
  },
  {
    ...{ is: 'an issuance endpoint that is not there', breaks: authority('issue', refusal(404, 'not_found', 'nothing here')) },
    ...{ ...issuance, says: 'nothing here (404 not_found)', mend: 'refused' },
  },
  { is: 'one that takes anything', breaks: authority('issue', answer({})), ...issuance, says: 'what is none', mend: 'tell its operators' },
  { is: 'one that sends elsewhere', breaks: authority('issue', elsewhere), ...issuance, says: '307, a redirect', mend: 'tell its operators' },
]

test.each(BROKEN)('$is: the round ends there, with why and how to mend it, exit 1', async (broken) => {
  const c = well()
  broken.breaks(c)
  const { code, json } = await c.run(...ALL, '--json')
  expect([code, hopsOf({ json })]).toEqual([1, [...broken.before, broken.hop]])
  expect(json.hops.at(-1)).toEqual({ hop: broken.hop, state: 'fails', says: expect.stringContaining(broken.says) })
  expect(json.error.hint).toContain(broken.mend)
  const { out } = await c.run(...ALL)
  expect(out.split('\n').slice(-3)).toEqual([expect.stringMatching(`^fails  ${broken.hop.padEnd(18)}  `), `to mend it: ${json.error.hint}`, ''])
})

test('what the domain of the user says here is a note: what counts is the service’s word', async () => {
  const c = well()
  for (const [breaks, says] of [
    [() => c.publish('_agentpass.acme.example', 'none'), 'says none: delegation is switched off'],
    [() => c.publish('_agentpass.acme.example'), 'has no TXT record'],
    [() => c.breakDns('_agentpass.acme.example'), 'the DNS look-up failed'],
  ] as const) {
    breaks()
    const { code, json } = await c.run(...ALL, '--json')
    expect([code, json.hops[8]]).toEqual([0, { hop: 'user record', state: 'note', says: expect.stringContaining(says) }])
  }
})

test('of several authorities nobody is asked to choose one, also at a terminal', async () => {
  const c = well()
  c.service.resolve = several
  expect((await c.runAs({ answers: ['1'] }, ...ALL)).code).toBe(1)
  expect([c.questions, c.files()]).toEqual([[], []])
})

test('of several authorities the named one, or the one of the settings, is looked at', async () => {
  const c = well()
  c.service.resolve = answer({ trusted_federated_authorities: [referenceTo(OTHER), referenceTo(ACME)] })
  expect((await c.run(...ALL, '--authority', ACME)).code).toBe(0)
  c.settings(`authorities: { acme.example: "${ACME}" }`)
  expect((await c.runAs({ answers: ['1'] }, ...ALL)).code).toBe(0)
  expect(c.questions).toEqual([])
})

test('where DNSSEC is required, a record that is not authenticated ends the round there', async () => {
  const c = well()
  c.settings('network: { dnssec: required }')
  const { code, json } = await c.run(...ALL, '--json')
  expect([code, json.hops.at(-1)]).toMatchObject([1, { hop: 'service record', says: expect.stringContaining('not authenticated by DNSSEC') }])
})

test('state that cannot be trusted ends the round on this machine', async () => {
  const c = well()
  await c.run('status')
  chmodSync(c.state, 0o755)
  const { code, json } = await c.run('doctor', '--json')
  expect([code, json.error]).toMatchObject([1, { step: null, peer: null, hint: `chmod 700 ${c.state}` }])
  chmodSync(c.state, 0o700)
  writeFileSync(join(c.state, 'notes.txt'), 'mine')
  expect((await c.run('doctor')).out).toContain('1 of its files are not trusted (agentpass status says why)')
})

test('a certificate authority that is none ends the round on this machine', async () => {
  const c = well()
  writeFileSync(join(c.home, 'none.pem'), 'none')
  const { code, json } = await c.runAs({ openNetwork, environment: { AGENTPASS_CA: join(c.home, 'none.pem') } }, 'doctor', '--json')
  expect([code, json.hops.at(-1)]).toMatchObject([1, { hop: 'network', says: expect.stringContaining('is no certificate') }])
})

test.each([
  ['a user without a service', ['--user', USER]],
  ['a service over http', ['--service', 'http://desk.example']],
  ['a user who is none', ['--service', DESK, '--user', 'ada']],
])('%s is misuse, and nothing is looked at', async (_, more) => {
  expect(await well().run('doctor', ...more)).toMatchObject({ code: 2, out: '' })
})

test('a round that is canceled is exit 130', async () => {
  const c = well()
  const off = new AbortController()
  c.service.resolve = () => {
    off.abort()
    return answer({ enterprise_authority: referenceTo(ACME) })()
  }
  expect((await c.runAs({ signal: off.signal }, ...ALL)).code).toBe(130)
  expect(c.callsTo(ACME)).toEqual([])
})
