/** `agentpass run` as people run it: a process whose program is another, with real DNS and TLS on loopback. */
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { join } from 'node:path'
import { beforeEach, expect, test } from 'vitest'
import { loopback, start } from './harness-process-rig.ts'
import { PASS, TOKEN } from './harness-rig.ts'
import { findMissing } from './installed.ts'

const missing = findMissing(['curl'], 'a program that agentpass runs')
beforeEach(({ skip }) => {
  if (missing.length > 0) skip(`${missing} is not here`)
})

const running = (origin: string, ...program: string[]) => ['run', '--service', origin, '--task', 'Read', '--', ...program]
const shell = (origin: string, script: string) => running(origin, 'sh', '-c', script)
const stateOf = ({ HOME }: { HOME: string }) => readdirSync(join(HOME, '.local/state/agentpass'))

test('a program reaches the service without having the token, its streams are its own, and what was got for it is given back', async () => {
  const { origin, env, asked } = await loopback({ 'GET /api/tickets': (res, req) => void res.end(`${req.headers.authorization}`.length.toString()) })
  const { child, ended } = start(shell(origin, `curl -sS ${origin}/api/tickets; echo out; echo err >&2`), env)
  expect(child.stdin.writableEnded).toBe(true)
  const { code, out, err } = await ended
  expect([code, out]).toEqual([0, `${`Bearer ${TOKEN}`.length}out\n`])
  expect(err).toMatch(/redeem .*\nerr\n$/)
  expect(asked.slice(-2)).toEqual(['GET /api/tickets', 'POST /revoke'])
  expect(stateOf(env)).toEqual([])
})

test('a token that was held stays, and what it lacks is told in a line when the program has ended; one that was ended is dropped', async () => {
  const refuse = (status: number, challenge: string) => (res: ServerResponse) =>
    void res.writeHead(status, { 'www-authenticate': challenge }).end('no')
  const { origin, env, asked } = await loopback({
    'POST /api': refuse(403, 'Bearer error="insufficient_scope", scope="write"'),
    'GET /api': refuse(401, 'Bearer error="invalid_token"'),
  })
  await start(['token', '--service', origin, '--task', 'Read'], env).ended
  const lacking = await start(shell(origin, `curl -sS -d x ${origin}/api; curl -sS -d x ${origin}/api`), env).ended
  expect(lacking).toEqual({ code: 0, out: 'nono', err: 'agentpass: warning: the token lacks the scope write: ask for it with a new token\n' })
  expect([asked.includes('POST /revoke'), stateOf(env).length]).toEqual([false, 1])
  const ended = await start(shell(origin, `curl -sS ${origin}/api`), env).ended
  expect(ended).toMatchObject({ out: 'no', err: expect.stringMatching(/^agentpass: warning: .*the token was ended: .*\n$/) })
  expect(stateOf(env)).toEqual([])
})

test('the exit code is the program’s, or says which signal ended it', async () => {
  const { origin, env, asked } = await loopback({})
  const codes = await Promise.all(['exit 7', 'kill -TERM $$'].map(async (script) => (await start(shell(origin, script), env).ended).code))
  expect(codes).toEqual([7, 143])
  expect(asked.filter((call) => call === 'POST /revoke')).toHaveLength(2)
})

test('signals are passed on, as often as they come, and it is the program that ends', async () => {
  const { origin, env, asked } = await loopback({})
  const script = `
    let heard = 0
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {
      console.log('got', signal)
      if (++heard === 4) process.exit(9)
    })
    console.log('ready')
    setInterval(() => {}, 1000)`
  const { child, ended } = start(running(origin, process.execPath, '-e', script), env)
  for (const signal of ['SIGINT', 'SIGINT', 'SIGHUP', 'SIGTERM'] as const) {
    await once(child.stdout, 'data')
    child.kill(signal)
  }
  const { code, out, err } = await ended
  expect([code, out]).toEqual([9, 'ready\ngot SIGINT\ngot SIGINT\ngot SIGHUP\ngot SIGTERM\n'])
  expect(err).not.toContain('cancel')
  expect(asked.at(-1)).toBe('POST /revoke')
})

/** Everything that a program can read about itself, what it starts, and what it was given. */
const SPY = `
  env; set; cat /proc/$$/environ /proc/$$/cmdline /proc/$PPID/cmdline
  sh -c 'cat /proc/$$/environ /proc/$$/cmdline /proc/$PPID/environ; curl -sS -v "$0/api/tickets" 2>&1; ps axww 2>/dev/null' "$1"
  cat "$SSL_CERT_FILE"; ls -la "\${SSL_CERT_FILE%/*}"; stat -c %a "$SSL_CERT_FILE" "\${SSL_CERT_FILE%/*}"
  echo "folder \${SSL_CERT_FILE%/*}"
`
test('no pass, token, proof or key is in anything that the program can see, and its folder is private and goes with it', async () => {
  const { origin, env, asked, bodies } = await loopback({ 'GET /api/tickets': (res) => void res.end('[]') })
  const { code, out, err } = await start(running(origin, 'sh', '-c', SPY, 'spy', origin), env).ended
  expect([code, out.includes('HTTPS_PROXY=http://agentpass:'), out.includes('[]')]).toEqual([0, true, true])
  const sent = (call: string) => JSON.parse(bodies[asked.indexOf(call)]!)
  const { harness, task } = sent('POST /issue')
  const { harness_proof: proof, agentpass } = sent('POST /redeem')
  expect(agentpass.value).toBe(PASS)
  for (const secret of [TOKEN, PASS, proof.jwt, task.attestation.jwt, harness.cnf.jwk.x, 'PRIVATE KEY']) expect(out + err).not.toContain(secret)
  expect(out).toMatch(/^600\n700$/m)
  const [, folder = ''] = [...out.matchAll(/^folder (\S+)$/gm)].at(-1) ?? []
  expect(folder).toContain('agentpass-run-')
  expect(existsSync(folder)).toBe(false)
})
