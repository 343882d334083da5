/** What the attacks R share: parties of several instances, an Authority that believes everything, and chance that can be repeated. */
import { randomBytes } from 'node:crypto'
import { onTestFinished } from 'vitest'
import { openAuthority } from '../../authority/node/open.ts'
import { openService } from '../../service/node/open.ts'
import { openDatabase } from '../../spec/node/open-database.ts'
import { IssuanceStatus } from '../../spec/wire/issuance.ts'
import { APPROVING, message } from '../authority-rig.ts'
import { json } from '../fake-authority.ts'
import { AUTHORITY, SERVICE, USER, world } from '../parties.ts'
import { type Desk, desk, holder, REDEEM } from '../service-rig.ts'

/** How many answers have a status. */
export const count = (answers: Response[], status: number): number => answers.filter((answer) => answer.status === status).length
export const minted = async (d: Desk): Promise<number> => (await d.database().read.selectFrom('credential').select('digest').execute()).length

/** A generator of small numbers that is the same in every run of a seed, so that what failed can be played again. */
export function dice(seed: number): (below: number) => number {
  let state = seed
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
}

/** Real parties, each of two instances on one database, asked in turn. */
export async function doubled() {
  const w = await world({ authority: APPROVING, service: { limits: { redemptions_per_minute: 100_000 } } })
  const authorities = [w.authority, await openAuthority(w.authority.opening)]
  const services = [w.service, await openService(w.service.opening)]
  onTestFinished(async () => {
    await authorities[1]!.stop()
    await services[1]!.stop()
  })
  let [atAuthority, atService] = [0, 0]
  const inTurn = (url: string, init?: RequestInit) => authorities[atAuthority++ % 2]!.app.request(url, init)
  w.host(AUTHORITY, { request: inTurn as typeof w.authority.app.request })
  const post = async (url: string, body: object, app: { request: typeof w.authority.app.request }) =>
    app.request(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
  const approved = async (more: object = {}) => {
    const status = IssuanceStatus.parse(await (await post(`${AUTHORITY}/issuance`, message(more), w.authority.app)).json())
    return status.agentpass!.value
  }
  const redeem = (value: string, more: object = {}) =>
    post(
      SERVICE + REDEEM,
      { agentpass: { type: 'bearer_token', value }, authority: AUTHORITY, user: { email: USER }, ...more },
      services[atService++ % 2]!.app,
    )
  const credentials = async () => {
    const db = openDatabase<{ credential: { digest: string } }>(w.service.opening.database)
    const rows = await db.read.selectFrom('credential').select('digest').execute()
    await db.close()
    return rows.length
  }
  return { ...w, approved, redeem, credentials }
}

/** An Authority that says yes as often as it is asked: only the Service's own memory can tell a replay. */
export async function credulous() {
  const d = await desk({ settings: { limits: { redemptions_per_minute: 100_000 } } })
  const key = await holder()
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () =>
    json(d.enterprise.validation({ cnf: key.cnf, harness: undefined, authorization_id: randomBytes(12).toString('hex') }))
  const redeemAt = (service: Awaited<ReturnType<Desk['another']>>, proof: object): Promise<Response> =>
    Promise.resolve(
      service.app.request(SERVICE + REDEEM, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(d.redemption({ ...proof })),
      }),
    )
  return { d, key, redeemAt }
}
