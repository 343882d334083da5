/** This user's own broker in this process, as the command starts it, on the internet of harness-rig.ts. */
import { existsSync } from 'node:fs'
import { expect, onTestFinished } from 'vitest'
import { patient } from './broker-rig.ts'
import { commandLine } from './harness-cli-rig.ts'
import { answer, DESK, serviceDocument, TASK, USER } from './harness-rig.ts'

/** The command, at a Service that takes back what it gave. */
export function homeOfBroker() {
  const c = commandLine()
  c.service.configuration = answer(serviceDocument({ endpoints: { ...serviceDocument().endpoints, revoke: `${DESK}/revoke` } }))
  const own = `${c.state}/broker`
  const revocations = () => c.callsTo(DESK).filter((call) => call === 'POST /revoke').length
  const wait = patient(c.h.deps.wait)
  const run = (...argv: string[]) => c.runAs({ wait }, ...argv)
  return { ...c, own, revocations, run, wait, start: (...listen: string[]) => startOn(c, listen) }
}

/** Runs `agentpass broker` until it is stopped. `url` is where agents reach it. */
async function startOn(c: ReturnType<typeof commandLine>, listen: string[]) {
  const off = new AbortController()
  const said: string[] = []
  const out = async (data: string | Uint8Array) => void said.push(String(data))
  const ended = c.runAs(
    { signal: off.signal, out, wait: patient(c.h.deps.wait) },
    'broker',
    '--json',
    ...(listen.length > 0 ? listen : ['--listen', '127.0.0.1:0']),
  )
  onTestFinished(async () => {
    off.abort()
    await ended
  })
  await Promise.race([expect.poll(() => said.length).toBe(1), ended.then(({ err }) => Promise.reject(new Error(err)))])
  const { broker: url, token_file: file } = JSON.parse(said[0]!)
  const headers = { authorization: `Bearer ${c.file(file.slice(c.state.length + 1)).trim()}`, 'content-type': 'application/json' }
  const call = async (method: string, path: string, body?: object): Promise<any> =>
    (await fetch(url + path, { method, headers, ...(body && { body: JSON.stringify(body) }) })).json()
  return {
    ...{ url, call },
    /** A task whose access is held. */
    ready: async () => {
      const { id } = await call('POST', '/tasks', { service: DESK, user: USER, description: TASK })
      await expect.poll(async () => (await call('GET', `/tasks/${id}`)).status).toBe('ready')
      return String(id)
    },
    stop: async () => {
      off.abort()
      expect(await ended).toMatchObject({ code: 0 })
      expect(existsSync(`${c.state}/broker/own.sock`)).toBe(false)
    },
  }
}
