/** What is wrong with the settings of an export, told so that somebody can mend it. */
import { readFileSync, writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { stringify } from 'yaml'
import { z } from 'zod'
import { createSecrets, readMasterKey } from '../spec/node/secrets.ts'
import { parseSettings, serverSettings } from '../spec/node/settings.ts'
import { message } from './authority-rig.ts'
import { edit, inDatabase, initialised, run, serve, usedPort } from './cli-fixture.ts'
import { eventually, readEvents } from './export-rig.ts'
import { authoritySettings } from './parties.ts'
import { createCa } from './spec/tls-fixture.ts'

const FILE = { name: 'a', to: 'file', path: 'x' }
const SYSLOG = { name: 'a', to: 'syslog', host: 'siem.example', port: 6514 }
const HTTPS = { name: 'a', to: 'https', url: 'https://lake.example/', secret: { env: 'X' } }
const Export = z.strictObject({ export: serverSettings.export })
const problemsOf = (...exporters: object[]): string => {
  try {
    parseSettings('f.yaml', stringify({ export: exporters }), Export)
    return ''
  } catch (failure) {
    return failure instanceof Error ? failure.message : ''
  }
}

test.each<[string, object[], string]>([
  ['a name that is none', [{ ...FILE, name: 'My SIEM' }], 'export.0.name is no name of 1 to 40 lower-case letters, digits and hyphens'],
  ['a name twice', [FILE, { ...SYSLOG }], 'export has two exporters of one name'],
  ['a kind that there is not', [{ ...FILE, to: 'kafka' }], 'export.0.to is none of file, syslog, https'],
  ['no path', [{ name: 'a', to: 'file' }], 'export.0.path is missing'],
  ['a setting of another kind', [{ ...FILE, port: 1 }], 'export.0.port is no setting'],
  ['no port', [{ name: 'a', to: 'syslog', host: 'h' }], 'export.0.port is missing'],
  ['a port that is none', [{ ...SYSLOG, port: 70_000 }], 'export.0.port is more than 65535'],
  [
    'no TLS said in another way',
    [{ ...SYSLOG, tls: false }],
    'export.0.tls is neither off nor a mapping of ca_file, cert_file with key_file, and server_name',
  ],
  ['a certificate without its key', [{ ...SYSLOG, tls: { cert_file: 'x' } }], 'export.0.tls names one of cert_file and key_file: they go together'],
  ['a URL without TLS', [{ ...HTTPS, url: 'http://lake.example/' }], 'export.0.url is no https URL without userinfo and fragment'],
  ['a secret in the settings', [{ ...HTTPS, secret: 'whsec_AAAA' }], 'export.0.secret does not say where the secret is'],
  ['a form that there is not', [{ ...HTTPS, format: 'cef' }], 'export.0.format is none of ocsf'],
  ['a place to begin that is none', [{ ...FILE, from: 'yesterday' }], 'export.0.from is none of beginning, now'],
  ['what every event has to say', [{ ...FILE, omit: ['outcome'] }], 'export.0.omit.0 is no member of an event that can be kept back: '],
  ['the time', [{ ...FILE, pseudonymize: ['at'] }], 'export.0.pseudonymize.0 is no member of an event that can be kept back: '],
  ['a member that there is not', [{ ...FILE, omit: ['email'] }], 'code, type, request_ref, authorization_id, user'],
])('%s is refused', (_, exporters, problem) => {
  expect(problemsOf(...exporters)).toContain(problem)
})

test('good settings are taken; TLS is on unless it is switched off', () => {
  expect(problemsOf(FILE, { ...SYSLOG, name: 'b' }, { ...HTTPS, name: 'c' })).toBe('')
  expect(
    authoritySettings({ export: [SYSLOG, { ...SYSLOG, name: 'b', tls: 'off' }] }).export.map((each) => ('tls' in each ? each.tls : 'none')),
  ).toEqual([{}, 'off'])
})

/** An Authority of the command line with these exporters, and files of these contents beside its settings. */
async function settled(exporters: object[], files: Record<string, string> = {}) {
  const made = await initialised('authority')
  edit(made.settingsFile, '#export: []', stringify({ export: exporters }).trimEnd())
  for (const [name, content] of Object.entries(files)) writeFileSync(made.at(name), content, { mode: 0o600 })
  return { ...made, check: () => run('authority', ['check-config', '--config', made.settingsFile]) }
}

test('check-config reads certificates and secrets, and says which are not whole', async () => {
  const [ca, other] = [await createCa(), await createCa()]
  const [{ cert }, { key }] = [await ca.issue('x'), await other.issue('x')]
  const tls = { ca_file: './ca.pem', cert_file: './cert.pem', key_file: './key.pem' }
  const bad = await settled(
    [
      { ...SYSLOG, tls },
      { ...SYSLOG, name: 'b', tls: { ca_file: './gone.pem' } },
      { ...HTTPS, secret: { file: './short' } },
    ].map((each, i) => ({ ...each, name: `e${i}` })),
    { 'ca.pem': ca.pem, 'cert.pem': cert, 'key.pem': key, short: 'whsec_AAAA' },
  )
  expect(await bad.check()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('the files of export e0 are no certificates, or no certificate and its key'),
  })
  const short = await settled([{ ...HTTPS, secret: { file: './short' } }], { short: 'whsec_AAAA' })
  const told = await short.check()
  expect(told).toMatchObject({ code: 2, stderr: expect.stringContaining('the secret of export a is not whsec_ and 24 to 64 bytes in base64') })
  expect(told.stderr).toContain('openssl rand -base64 32')
  expect(told.stderr).not.toContain('AAAA')
  const nonsense = await settled([{ ...SYSLOG, tls: { ca_file: './ca.pem' } }], { 'ca.pem': 'no certificate' })
  expect(await nonsense.check()).toMatchObject({ code: 2, stderr: expect.stringContaining('ca_file, cert_file and key_file are PEM') })
  const good = await settled([{ ...HTTPS, secret: { file: './good' } }], { good: `whsec_${Buffer.alloc(32).toString('base64')}\n` })
  expect((await good.check()).stdout).toContain('is fine')
})

test('two exporters to one file are refused, however its path is spelt', async () => {
  const twice = await settled([
    { ...FILE, path: './audit.jsonl' },
    { ...FILE, name: 'b', path: 'logs/../audit.jsonl' },
  ])
  expect(await twice.check()).toMatchObject({
    code: 2,
    stderr: expect.stringContaining(`exports a and b write to one file, ${twice.at('audit.jsonl')}`),
  })
})

test.each([
  ['an export under pseudonyms', 2, 'error', { ...FILE, pseudonymize: ['user'] }],
  ['none', 0, 'warning', FILE],
])('check-config says whether the key of the pseudonyms can be opened, where there is %s', async (_, code, told, exporter) => {
  const made = await settled([exporter])
  const secrets = createSecrets([readMasterKey(readFileSync(made.at('secrets/master.key'), 'utf8'))])
  inDatabase(made.at('authority.db'), `insert into export_key (id, sealed_key) values (1, '${secrets.seal('export pseudonyms', 'a key')}')`)
  expect(await made.check()).toMatchObject({ code: 0, stderr: expect.not.stringContaining('pseudonyms') })
  inDatabase(made.at('authority.db'), "update export_key set sealed_key = 'AAAAAAAA.b.c.d'")
  expect(await made.check()).toMatchObject({
    code,
    stderr: expect.stringContaining(`${told}: the key of the pseudonyms in exports cannot be opened: the master key AAAAAAAA`),
  })
})

test('a server exports what its settings say, beside a receiver that is dead, and stops as quickly', async () => {
  const made = await settled([
    { ...FILE, path: './audit.jsonl' },
    { ...SYSLOG, name: 'dead', host: '127.0.0.1', port: await usedPort(), tls: 'off' },
  ])
  const server = await serve('authority', made.settingsFile)
  const refused = message({ user: { email: 'eve@evil.example' } })
  await fetch(`http://127.0.0.1:${server.port}/issuance`, {
    method: 'POST',
    body: JSON.stringify(refused),
    headers: { 'content-type': 'application/json' },
  })
  await eventually(() =>
    expect(readEvents(made.at('audit.jsonl'))).toMatchObject([{ event: 'issuance', code: 'policy_denied', user: 'eve@evil.example' }]),
  )
  const authorization = `Bearer ${readFileSync(made.at('secrets/admin.token'), 'utf8').trim()}`
  await eventually(async () => {
    const states = await (await fetch(`http://127.0.0.1:${server.managementPort}/exports`, { headers: { authorization } })).json()
    expect(states).toMatchObject({
      exports: [
        { name: 'a', behind_events: 0 },
        { name: 'dead', behind_events: 1, failing_since: expect.any(Number) },
      ],
    })
  })
  const before = performance.now()
  expect(await server.stop()).toMatchObject({ code: 0, stderr: expect.stringContaining('"exporter":"dead"') })
  expect(performance.now() - before).toBeLessThan(5000)
})
