/** rsyslog as the receiver, set up as our README says: killed again and again while events flow, it has every event in the end. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { systemNow } from '../spec/node/settings.ts'
import { distinct, Event, eventually, exportingWorld, idsOf, toSyslog } from './export-rig.ts'
import { temporaryFolder } from './folders.ts'
import { aptInstall, findOnPath } from './installed.ts'
import { AUTHORITY } from './parties.ts'
import { createCa, listen } from './spec/tls-fixture.ts'

const MODULE = '/usr/lib/x86_64-linux-gnu/rsyslog/lmnsd_gtls.so'
const isHere = () => findOnPath('rsyslogd') !== undefined && (existsSync(MODULE) || process.arch !== 'x64')
const missing = !isHere() && !(aptInstall('rsyslog rsyslog-gnutls') && isHere())
if (missing) process.stderr.write('\nrsyslog with rsyslog-gnutls is NOT here: the export to it is not tested\n\n')

const README = readFileSync('authority/README.md', 'utf8')
const NAME = 'siem.example'
const CONFIRM_SECONDS = 3
const KILLS = 3

async function freePort(): Promise<number> {
  const server = createServer()
  const { port } = await listen(server, 0, '127.0.0.1')
  await once(server.close(), 'close')
  return port
}

async function reach(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1')
  await once(socket, 'connect')
  socket.destroy()
}

/** rsyslog on a port of its own, which is started, and killed by its own process id. */
async function rsyslog() {
  const folder = temporaryFolder()
  const at = (name: string) => join(folder, name)
  const [ca, clients, port] = [await createCa(), await createCa(), await freePort()]
  const [server, client] = [await ca.issue(NAME), await clients.issue('authority')]
  for (const [name, pem] of [['siem-client-ca.pem', clients.pem] as const, ['siem.pem', server.cert] as const, ['siem.key', server.key] as const])
    writeFileSync(at(name), pem, { mode: 0o600 })
  const [, told = ''] = /```rsyslog\n(.*?)```/s.exec(README) ?? []
  const settings = told
    .replaceAll('/etc/rsyslog.d/tls/', `${folder}/`)
    .replace('/var/log/agentpass/audit.jsonl', at('audit.jsonl'))
    .replace('port="6514"', `port="${port}" address="127.0.0.1"`)
    .replace('string="%$!all-json%\\n"', 'string="%parsesuccess% %pri% %app-name% %msgid% %hostname% %$!all-json%\\n"')
  writeFileSync(at('rsyslog.conf'), `global(workDirectory="${folder}")\n${settings}`)
  let child: ChildProcess | undefined
  const kill = async () => {
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
  onTestFinished(kill)
  const start = async () => {
    child = spawn('rsyslogd', ['-n', '-f', at('rsyslog.conf'), '-i', at('pid')], { stdio: 'ignore' })
    await eventually(() => reach(port))
  }
  const lines = () => {
    const text = existsSync(at('audit.jsonl')) ? readFileSync(at('audit.jsonl'), 'utf8') : ''
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1)
      .map((line) => LINE.exec(line) ?? [line])
  }
  const events = () => lines().map(([line, , , , , , json = '']) => Event.parse(JSON.parse(json), { error: () => line }))
  return { start, kill, lines, events, exporter: toSyslog(port, { tls: { ca: ca.pem, serverName: NAME, ...client } }) }
}

/** What rsyslog parsed of a message, by the template above. */
const LINE = /^(\S+) (\d+) (\S+) (\S+) (\S+) ( ?\{.*\})$/

test.skipIf(missing)('rsyslog over TLS gets and parses every event, though it is killed while they flow', async () => {
  const w = await exportingWorld()
  w.pass(systemNow() - w.now())
  const receiver = await rsyslog()
  await receiver.start()
  const x = await w.exporting([receiver.exporter], { confirmSeconds: CONFIRM_SECONDS, effects: { now: systemNow } })
  let isFlowing = true
  const flow = (async () => {
    while (isFlowing) {
      await w.happen(2)
      await sleep(20)
    }
  })()
  for (let killed = 0; killed < KILLS; killed++) {
    const before = receiver.lines().length
    await eventually(() => expect(receiver.lines().length).toBeGreaterThan(before + 20))
    await receiver.kill()
    await eventually(() => expect(x.told().filter(({ event }) => event === 'export_failed')).toHaveLength(killed + 1))
    await receiver.start()
    await eventually(() => expect(x.told().filter(({ event }) => event === 'export_recovered')).toHaveLength(killed + 1))
  }
  isFlowing = false
  await flow
  const trail = await w.trail()
  await eventually(async () => expect(await w.cursor('syslog')).toMatchObject({ seq: trail.length, failing_since: null }))
  await eventually(() => expect(new Set(idsOf(receiver.events()))).toEqual(new Set(trail)))
  expect(distinct(idsOf(receiver.events())).length).toBe(trail.length)
  const parsed = distinct(receiver.lines().map(([, parsed, pri, app, , host]) => [parsed, pri, app, host].join(' ')))
  expect(parsed).toEqual([`OK 110 agentpass-authority ${new URL(AUTHORITY).hostname}`])
  for (const [, , , , msgid, , json = ''] of receiver.lines()) expect(JSON.parse(json).event).toBe(msgid)
})
