import { readFileSync } from 'node:fs'
import { type Case, expectThat, RigFailure } from '../case.ts'
import { need } from '../stage.ts'
import type { AuthorityStage } from './stage.ts'

/** Logs are written a little later. */
const WRITTEN_MS = 400
const SECRET_CHARS = 16

/** What the Authority has logged, in all the files that the adapter names. */
const readLogs = (s: AuthorityStage): string => s.adapter.logs.map(read).join('\n')
const needLogs = (s: AuthorityStage): void => void need(s.adapter.logs[0], 'the adapter names no log of the Authority (authority.logs)')

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new RigFailure(`authority.logs: ${file} cannot be read`, { cause })
  }
}

/** Logs hold no secrets, and nobody writes lines of his own into them (RFC 9700, OWASP ASVS V16). */
export const logs: Case<AuthorityStage>[] = [
  {
    id: 'SVC-AUD-03/authority',
    about: 'the Authority’s logs are searched for every secret of the run',
    negative: true,
    last: true,
    run: async (s) => {
      needLogs(s)
      const service = s.service()
      const { value, authorizationId } = await s.redeemed({ service })
      await s.check(authorizationId, service)
      await s.validate(value, service) // a refusal is logged too
      service.on.scopes = () => ({ status: 500 })
      await s.issue(s.message(service)) // and so is trouble
      await s.wait(WRITTEN_MS)
      const log = readLogs(s)
      const found = [...s.watch.secrets].find((secret) => secret.length >= SECRET_CHARS && log.includes(secret))
      const line = found === undefined ? '' : (log.split('\n').find((one) => one.includes(found)) ?? '')
      expectThat(found === undefined, 'no pass, token, proof or assertion in a log', line.replaceAll(found ?? '', '[the secret]').slice(0, 300))
    },
  },
  {
    id: 'SVC-AUD-04/authority',
    about: 'line breaks and escape sequences come in the texts of a request, and in the document of its Service',
    negative: true,
    run: async (s) => {
      needLogs(s)
      const forged = `forged-${s.chance.name().slice(0, 8)}`
      const text = `\n${forged}\u001b[2K`
      const [good, bad] = [s.service(), s.service()]
      bad.document.version = text
      const { harness, task } = s.message(good)
      const changed = { harness: { id: `${harness.id}${text}` }, task: { id: `${task.id}${text}`, description: `A task${text}` } }
      const send = { headers: { 'user-agent': `suite/1 ${forged}` } }
      for (const service of [good, bad]) await s.issue(s.message(service, changed), send)
      await s.client.send(`${s.instance.configuration_url}%0a${forged}`)
      await s.wait(WRITTEN_MS)
      const lines = readLogs(s).split(/\r?\n|\r/)
      const wrong = lines.find((line) => line.startsWith(forged) || (line.includes(forged) && line.includes('\u001b')))
      expectThat(wrong === undefined, 'what others write to be neutralised: no line of theirs, and no escape sequence', wrong?.slice(0, 300) ?? '')
      await s.redeemed() // it is alive
    },
  },
]
