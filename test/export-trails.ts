/** Audit trails of parties that did what they do. */
import type { Kysely } from 'kysely'
import { onTestFinished } from 'vitest'
import type { AuditTable } from '../spec/node/audit.ts'
import { type NumberedRow, readTrail } from '../spec/node/export/event.ts'
import { openDatabase } from '../spec/node/open-database.ts'
import { brokerRig } from './broker-rig.ts'
import { consoleOffice, PEOPLE } from './console-client.ts'
import { world } from './parties.ts'

const rowsOf = (db: Kysely<AuditTable>): Promise<NumberedRow[]> => readTrail(db, 0, 1000)

async function rowsIn(database: string): Promise<NumberedRow[]> {
  const db = openDatabase<AuditTable>(database)
  onTestFinished(db.close)
  return rowsOf(db.read)
}

/** Of an Authority and a Service: a task that did something and was revoked, one that was given back, and what was refused. */
export async function tripTrails(): Promise<NumberedRow[]> {
  const w = await world()
  const held = await w.acquired()
  await w.call('/api/tickets', held.token, { method: 'POST', body: '{}' })
  await w.call('/secret', held.token)
  await w.revoke()
  w.pass(6)
  await w.call('/api/tickets', held.token)
  const back = await w.acquired()
  await w.service.app.request(`${w.service.opening.settings.service}/agentpass/revoke`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
    body: new URLSearchParams({ token: back.token }).toString(),
  })
  await Promise.all([w.authority.stop(), w.service.stop()])
  return [...(await rowsIn(w.authority.opening.database)), ...(await rowsIn(w.service.opening.database))]
}

/** Of an Authority whose people signed in, decided, and signed out. */
export async function consoleTrail(): Promise<NumberedRow[]> {
  const o = await consoleOffice()
  const ada = await o.signedIn(PEOPLE.ada)
  const { ref } = await o.asked()
  await ada.send(`/requests/${ref}`, 'deny', { reason: 'no' })
  await ada.send('/account', 'sign-out')
  await o.trail()
  return rowsOf(o.database().read)
}

/** Of a broker that made a call and gave it back. */
export async function brokerTrail(): Promise<NumberedRow[]> {
  const b = await brokerRig()
  const { id } = await b.ready()
  await b.call('builder', 'GET', `/tasks/${id}/http/api/tickets`)
  await b.call('builder', 'DELETE', `/tasks/${id}`)
  await b.trail()
  return rowsOf(b.broker.deps.db.read)
}
