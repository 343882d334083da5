/** Unmodified programs under `agentpass run`, over real DNS and TLS, at Services behind their gateways. */
import { once } from 'node:events'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer as createHttp, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { temporaryFolder } from './folders.ts'
import { createRepository, GIT_SCOPES, LARGE_BYTES, serveGit } from './git-service.ts'
import { start } from './harness-process-rig.ts'
import { findMissing } from './installed.ts'
import { createCertificateAuthority } from './world/ca.ts'
import { startWorld, type World } from './world/world.ts'

const missing = findMissing(['curl', 'git', 'python3'], 'an unmodified program under agentpass run')
/** Each request is checked with the Authority, so that no test waits for a cache. */
const UNCACHED = { lifetimes: { check_seconds: 0 } }

let world: World
let desk = ''
let git = ''
/** What reached a host that is no Service, over TLS or without: each request with all its headers. */
const strayed: string[] = []
let elsewhere = { tls: '', plain: '' }
const stops: (() => unknown)[] = []

const listen = async (server: Server, host: string): Promise<string> => {
  await once(server.listen(0, '127.0.0.1'), 'listening')
  stops.push(() => void server.close().closeAllConnections())
  const address = server.address()
  return `${host}:${typeof address === 'object' ? address?.port : ''}`
}

beforeAll(async () => {
  if (missing.length > 0) return
  const record = ({ method, url, rawHeaders }: IncomingMessage, response: ServerResponse) => {
    strayed.push(`${method} ${url} ${rawHeaders.join(' ')}`)
    response.end('strayed')
  }
  const ca = await createCertificateAuthority()
  const tls = await listen(createHttps(await ca.issue(['evil.localhost']), record), 'https://evil.localhost')
  elsewhere = { tls, plain: await listen(createHttp(record), 'http://evil.localhost') }
  const repositories = mkdtempSync(join(tmpdir(), 'agentpass-git-'))
  stops.push(() => rmSync(repositories, { recursive: true, force: true }))
  createRepository(repositories)
  const url = await listen(
    serveGit(repositories, () => `${elsewhere.tls}/redirected`),
    'http://127.0.0.1',
  )
  world = await startWorld({ authority: { policy: { default: 'approve' } }, service: UNCACHED })
  stops.push(world.stop)
  desk = world.service.origin
  git = (await world.addService('git.localhost', { ...UNCACHED, upstream: { url }, scopes: GIT_SCOPES })).origin
})
afterAll(async () => {
  for (const stop of stops.reverse()) await stop()
})
beforeEach(({ skip }) => {
  if (missing.length > 0) skip(`${missing} not here`)
})

/** Runs a program for a task of its own, in a home folder of its own. */
function run(service: string, program: string[], ...options: string[]) {
  const home = temporaryFolder()
  const args = ['run', '--service', service, '--task', 'Try it', ...options, '--', ...program]
  const started = start(args, { ...world.env, HOME: home, S: service, GIT_TERMINAL_PROMPT: '0' })
  /** The token that this run has, while it lasts. */
  const token = (): string => {
    const state = join(home, '.local/state/agentpass')
    return JSON.parse(readFileSync(join(state, readdirSync(state).find((name) => name.startsWith('task-')) ?? ''), 'utf8')).token
  }
  return { ...started, home, token, args }
}
const shell = (service: string, script: string, ...options: string[]) => run(service, ['sh', '-c', script], ...options)

test('curl reads, writes and looks at the desk as its user', async () => {
  const script = `
    curl -sS $S/api/me; echo
    curl -sS -H 'content-type: application/json' -d '{"body":"Try oil."}' -w ' %{http_code}\\n' -o /dev/null $S/api/tickets/1002/comments
    curl -sSI $S/api/tickets/1002 | grep -c '^HTTP/1.1 200 OK'
    curl -sS $S/api/tickets/1002 | grep -o 'Try oil.'
  `
  const { code, out } = await shell(desk, script).ended
  const [me = '', ...rest] = out.trim().split('\n')
  expect(JSON.parse(me)).toMatchObject({ user: world.user })
  expect([code, rest.map((line) => line.trim())]).toEqual([0, ['201', '1', 'Try oil.']])
})

const PYTHON = `
import json, os, urllib.request
base = os.environ['S']
print(json.load(urllib.request.urlopen(base + '/api/me'))['user'])
body = json.dumps({'body': 'From Python'}).encode()
request = urllib.request.Request(base + '/api/tickets/1002/comments', body, {'content-type': 'application/json'})
print(urllib.request.urlopen(request).status)
try: print(urllib.request.urlopen('https://evil.localhost/').status)
except OSError as refused: print('403' in str(refused))
`
test('a Python script with the standard library alone does, too', async () => {
  expect(await run(desk, ['python3', '-c', PYTHON]).ended).toMatchObject({ code: 0, out: `${world.user}\n201\nTrue\n` })
})

test('some megabytes go up and down, of known length and in chunks', async () => {
  const script = `
    curl -sS -o got -w '%{http_code} %{size_download}\\n' $S/pages/large
    curl -sS -T got $S/pages/here; echo
    curl -sS -T - $S/pages/here < got; echo
  `
  const { code, out } = await shell(git, `cd "$HOME"; ${script}`).ended
  expect([code, out.trim().split('\n')]).toEqual([0, [`200 ${LARGE_BYTES}`, `PUT ${LARGE_BYTES}`, `PUT ${LARGE_BYTES}`]])
})

const COMMIT = `
  set -e; cd "$HOME"; git init -q -b main site; cd site
  head -c 2000000 /dev/urandom > file; git add .; git -c user.name=Ada -c user.email=ada@acme.localhost commit -q -m one`
test('git pushes and clones; without the scope for it a push is refused, and told why when the run is over', async () => {
  const script = `${COMMIT}; git push -q $S/site.git main; git clone -q $S/site.git ../copy; cmp file ../copy/file && echo same`
  expect(await shell(git, script).ended).toMatchObject({ code: 0, out: 'same\n' })
  const refused = `${COMMIT}; git clone -q $S/site.git ../copy && ls ../copy; git push -q -f $S/site.git main`
  const { code, out, err } = await shell(git, refused, '--scope', 'repo:read').ended
  expect([code === 0, out]).toEqual([false, 'file\n'])
  expect(err).toMatch(/403[\s\S]*agentpass: warning: the token lacks the scope repo:write: ask for it with a new token\n$/)
})

/** A program that waits in the middle, until it is told to go on. */
const WAIT = 'mkfifo "$HOME/go"; echo ready; read go < "$HOME/go"'
const goOn = (home: string) => writeFile(join(home, 'go'), 'on\n')

test('the token gets nowhere else and nobody sees it, whatever the program tries', async () => {
  const { tls, plain } = elsewhere
  const script = `
    ${WAIT}
    status() { curl -sS -o /dev/null -w '%{http_code} %{http_connect}\\n' "$@" 2>/dev/null; }
    status -k ${tls}/; status ${plain}/; status http://desk.localhost/; status -k -L $S/pages/away
    status -H 'Host: evil.localhost' $S/pages/x; status --request-target '${tls}/x' $S/pages/x; status --path-as-is "$S//evil.localhost/pages/x"
    status --connect-to "::evil.localhost:${new URL(tls).port}" -k $S/pages/x
    status -k --noproxy '*' -H "Authorization: $HTTPS_PROXY" ${tls}/direct
    env; cat /proc/$$/environ /proc/$$/cmdline /proc/$PPID/cmdline; cat "$SSL_CERT_FILE"; curl -sS -v $S/pages/x 2>&1
  `
  const { ended, child, token, home } = shell(git, script)
  await once(child.stdout, 'data')
  const secret = token()
  expect(secret).toMatch(/^[\w-]{43}$/)
  await goOn(home)
  const { out, err } = await ended
  const told = out.split('\n').slice(1, 10)
  expect(told).toEqual(['000 403', '403 000', '403 000', '000 403', '421 200', '421 200', '400 200', '000 403', '200 000'])
  expect(strayed.map((request) => request.split(' ')[1])).toEqual(['/direct']) // around the proxy, where there is no token
  for (const seen of [out, err, ...strayed]) expect(seen).not.toContain(secret)
  expect(err).toContain(`agentpass: warning: the program wanted to go to evil.localhost:${new URL(tls).port}, `)
})

test('a delegation that is revoked while the program runs ends there: the next request is 401, and that is told', async () => {
  const { ended, child, home } = shell(desk, `status() { curl -sS -o /dev/null -w '%{http_code}\\n' $S/api/me; }; status; ${WAIT}; status`)
  await once(child.stdout, 'data')
  await world.decide('revoke', { reason: 'enough' })
  await goOn(home)
  const { code, out, err } = await ended
  expect([code, out]).toEqual([0, '200\nready\n401\n'])
  expect(err).toMatch(/agentpass: warning: .*the token was ended: get another one for the task if it is not done\n$/)
})
