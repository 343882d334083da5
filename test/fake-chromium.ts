/** A program in Chromium's place: it speaks enough of the DevTools protocol through its pipe to be started, logged in and closed, and writes down what it was given and told. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** `failsToLoad` is what it says of every page. `ends`: at once, or when it is told what; otherwise when it is closed. */
export type Behaviour = { failsToLoad?: string; ends?: string; isSilent?: boolean }
export type Told = { id: number; method: string; sessionId?: string; params: any }

const PROGRAM = `
import { appendFileSync, createReadStream, existsSync, statSync, writeSync } from 'node:fs'
const behaviour = BEHAVIOUR
const note = (what) => appendFileSync(LOG, JSON.stringify(what) + '\\n')
const profile = process.argv.find((argument) => argument.startsWith('--user-data-dir='))?.slice(16)
note({ pid: process.pid, args: process.argv.slice(2), env: process.env, mode: existsSync(profile) ? (statSync(profile).mode & 0o777).toString(8) : 'none' })
if (behaviour.ends === 'at once') process.exit(3)
const say = (message) => writeSync(4, JSON.stringify(message) + '\\0')
let sessions = 0
const results = {
  'Target.getTargets': () => ({ targetInfos: [{ targetId: 'worker-1', type: 'worker' }, { targetId: 'page-1', type: 'page' }] }),
  'Target.attachToTarget': () => ({ sessionId: 'session-' + ++sessions }),
  'Target.attachToBrowserTarget': () => ({ sessionId: 'session-' + ++sessions }),
  'Page.navigate': () => (behaviour.failsToLoad ? { errorText: behaviour.failsToLoad } : {}),
}
const hear = ({ id, method, sessionId, params }) => {
  note({ id, method, sessionId, params })
  if (behaviour.ends === method) process.exit(0)
  if (behaviour.isSilent) return
  if (method === 'Target.setAutoAttach') say({ method: 'Target.attachedToTarget', sessionId, params: { sessionId: 'page-of-' + sessionId } })
  if (method === 'Fail.please') say({ id, sessionId, error: { code: -1, message: 'as you like' } })
  else say({ id, sessionId, result: results[method]?.() ?? {} })
  if (method === 'Browser.close') process.exit(0)
}
let rest = ''
createReadStream('', { fd: 3, encoding: 'utf8' })
  .on('data', (text) => {
    const parts = (rest + text).split('\\0')
    rest = parts.pop()
    parts.map((part) => hear(JSON.parse(part)))
  })
  .on('end', () => process.exit(0)) // whoever started it has gone
`

/** Writes the program into a folder. `started` is how it was started, `told` every command since. */
export function fakeChromium(folder: string, behaviour: Behaviour = {}) {
  const [program, log] = [join(folder, 'chromium'), join(folder, 'chromium.log')]
  const source = PROGRAM.replace('BEHAVIOUR', JSON.stringify(behaviour)).replace('LOG', JSON.stringify(log))
  writeFileSync(join(folder, 'chromium.mjs'), source)
  writeFileSync(program, `#!/bin/sh\nexec ${process.execPath} ${join(folder, 'chromium.mjs')} "$@"\n`, { mode: 0o755 })
  const lines = () => (existsSync(log) ? readFileSync(log, 'utf8').split('\n').filter(Boolean) : []).map((line) => JSON.parse(line))
  return {
    program,
    started: (): { pid: number; args: string[]; env: Record<string, string>; mode: string } | undefined => lines()[0],
    told: (method?: string): Told[] =>
      lines()
        .slice(1)
        .filter((line) => method === undefined || line.method === method),
    everything: () => (existsSync(log) ? readFileSync(log, 'utf8') : ''),
  }
}
