import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { type Case, expectEqual, expectThat, RigFailure } from '../case.ts'
import { skip } from '../stage.ts'
import type { ServiceStage } from './stage.ts'

const SHORTEST_SECRET = 16
const SETTLE_MS = 500

function readLogs({ adapter }: ServiceStage): string {
  if (adapter.logs.length === 0) skip('the adapter names no file that the Service logs to (service.logs)')
  return adapter.logs
    .map((file) => {
      try {
        return readFileSync(file, 'utf8')
      } catch {
        throw new RigFailure(`service.logs: ${file} cannot be read`)
      }
    })
    .join('\n')
}

/** What the Service writes down (§4.6). */
export const audit: Case<ServiceStage>[] = [
  {
    id: 'SVC-AUD-03/service',
    about: 'at the end of the run its logs are searched for every pass, token, proof, assertion and one-time secret of it',
    negative: true,
    last: true,
    run: async (s) => {
      await s.token()
      await s.session()
      await s.wait(SETTLE_MS)
      const text = readLogs(s)
      const found = [...s.watch.secrets].filter((secret) => secret.length >= SHORTEST_SECRET && text.includes(secret))
      expectEqual(found.length, 0, 'the number of secrets in the logs')
    },
  },
  {
    id: 'SVC-AUD-04/service',
    about: 'names in a pass, of agent, task and authorization, have line breaks and what follows looks like a line of the log',
    negative: true,
    last: true,
    run: async (s) => {
      const mark = `injected-${randomBytes(9).toString('hex')}`
      const evil = `name\n{"level":"fatal","event":"${mark}"}\r\n\u001b[31m${mark}\u001b[0m`
      const named = { authorization_id: evil, agent: { id: evil }, task: { id: evil, description: evil } }
      await s.redeem(s.pass({ validation: named }))
      const refused = s.pass({ validation: { ...named, authorization_id: `again ${evil}`, scope: ['nothing:known'] } })
      refused.script.close = () => ({ status: 500 })
      await s.redeem(refused)
      await s.redeem(s.pass({ type: 'browser_session', validation: { ...named, authorization_id: `a third time ${evil}` } }))
      await s.wait(SETTLE_MS)
      const lines = readLogs(s).split(/\r\n|[\r\n]/)
      const forged = lines.filter((line) => line.startsWith(`{"level":"fatal","event":"${mark}"`) || line.startsWith('\u001b[31m'))
      expectThat(forged.length === 0, 'no line of the log that a name has written', forged[0])
    },
  },
]
