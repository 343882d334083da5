/** The table of protocol 3, every row of it, played by `agentpass-world --all`: real parties, real DNS, real TLS. */
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { beforeAll, expect, test } from 'vitest'
import { compiled } from './compiled.ts'
import { compare, type Matrix, playMatrix } from './world/matrix.ts'
import { type Answered, type Row, SETTINGS, TABLE } from './world/table.ts'

let matrix: Matrix
beforeAll(async () => {
  const { stdout } = await promisify(execFile)(process.execPath, [compiled('test/world/main.js'), '--all', '--json'])
  matrix = JSON.parse(stdout)
})

/** Compares each cell of each row whose answer should be this: resolution, then scope discovery and redemption for every Authority there is. */
function expectRows(answer: Row['answer']): void {
  const rows = TABLE.filter((row) => JSON.stringify(row.answer) === JSON.stringify(answer))
  expect(rows).not.toEqual([])
  for (const row of rows) {
    const played = matrix.rows.find(({ row: { domain, settings } }) => domain === row.domain && settings === row.settings)
    const where = `${row.domain} at a Service that ${SETTINGS[row.settings].says}`
    expect(played?.answer, where).toEqual(answer)
    const enterprise = ['acme', 'strict'].includes(row.domain) ? ['enterprise' as const] : []
    const demanded = [...enterprise, 'service' as const, 'federated' as const, 'stranger' as const].map((authority) => {
      const outcome = row.permitted.includes(authority) ? 'ok' : row.others
      return { authority, scopes: outcome, redemption: outcome }
    })
    expect(played?.tried, where).toEqual(demanded)
  }
}
const own: Answered = { service_authority: ['service'] }
const federated: Answered = { trusted_federated_authorities: ['federated'] }

test('an enterprise’s Authority decides where there is one and none is preferred, beside it only one that it allows, and never a federated one [SVC-RES-03 SVC-RES-05 SVC-RES-12 SVC-SCD-06 SVC-RED-03 SVC-RED-04]', () => {
  expectRows({ enterprise_authority: ['enterprise'] })
})
test('the Service’s own decides where it is preferred and allowed, or nobody else is named, and the enterprise’s may still, unless the Service insists [DISC-ENT-08 SVC-RES-04 SVC-RES-09 SVC-RED-06 SVC-RED-07]', () => {
  expectRows(own)
})
test('federated Authorities decide only where the domain has no record and the Service has none of its own [SVC-RES-10]', () => {
  expectRows(federated)
})
test('both kinds are offered where the Service says so and the domain has no record [SVC-RES-13]', () => {
  expectRows({ ...own, ...federated })
})
test('a domain that has switched delegation off is obeyed by every Service, whoever asks [DISC-ENT-04 SVC-RES-07 SVC-RED-05]', () => {
  expectRows('delegation_disabled')
})
test('a record that cannot be read, or leads to no document, is no absence: nobody decides [DISC-ENT-03 DISC-ENT-06 DISC-ENT-09 DISC-ENT-12]', () => {
  expectRows('discovery_failed')
})
test('a document that is invalid, of another origin or of no enterprise is not believed, and nobody decides [DISC-ENT-13 DISC-ENT-14 DISC-ENT-15 SVC-RES-08]', () => {
  expectRows('configuration_invalid')
})
test('a Service that insists on its own Authority takes no agents of a domain that does not allow it [SVC-RES-14]', () => {
  expectRows('agents_unsupported')
})
test('where nobody is named, nobody decides [SVC-RES-11]', () => {
  expectRows('no_authority')
})

test('every domain that decides is played with all settings, and nothing is wrong', () => {
  for (const domain of ['acme', 'strict', 'home', 'none', 'outage'])
    expect(new Set(matrix.rows.filter(({ row }) => row.domain === domain).map(({ row }) => row.settings)), domain).toEqual(
      new Set(Object.keys(SETTINGS)),
    )
  expect([matrix.rows.length, matrix.wrong]).toEqual([TABLE.length, []])
})

test('a pass that no Service took from an Authority it does not permit is not burnt: where it belongs it is still good', () => {
  expect(Object.values(matrix.unburnt)).toEqual(['ok', 'ok', 'ok', 'ok', 'ok'])
})

test('a row that is not as the table demands is named, with what came instead', async () => {
  const row: Row = { domain: 'home', settings: 'nobody', answer: own, permitted: ['stranger'], others: 'untrusted_authority' }
  const { wrong } = await playMatrix([row])
  expect(wrong).toEqual([
    expect.stringContaining('resolution answers "no_authority", protocol 3 demands {"service_authority":["service"]}'),
    expect.stringContaining('scope discovery answers stranger untrusted_authority, protocol 3 demands ok'),
    expect.stringContaining('a pass of stranger is answered untrusted_authority, protocol 3 demands ok'),
  ])
  expect(compare({ ...row, answer: 'no_authority', permitted: [] }, 'no_authority', [])).toEqual([])
})
