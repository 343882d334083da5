import { join } from 'node:path'
import { sha256 } from '../../../spec/base64url.ts'
import { createLog } from '../../../spec/node/log.ts'
import { OperatorError } from '../../../spec/node/operator-error.ts'
import { readMasterKey } from '../../../spec/node/secrets.ts'
import type { PrivateFolder } from '../folder.ts'
import type { Opened, Outside } from '../trip.ts'
import { type Askable, askBy, OWN_AGENT, OWN_FILES, openBrokerFolder, SOCKET_HOST } from './own.ts'
import { openOwnBroker, readSecret, takeOwnSocket } from './personal.ts'

const CREDENTIAL_BYTES = 32

/**
 * Opens in this process what this user's broker left when it stopped, so that it can be ended. The broker's socket is taken for as long: one that is started
 * meanwhile ends with words. Throws OperatorError where one has started, or what was left cannot be opened.
 */
export async function openStoppedBroker(o: Outside, opened: Opened): Promise<Askable> {
  const folder = await openBrokerFolder(o, opened)
  const door = await takeOwnSocket(folder)
  try {
    const credential = o.random(CREDENTIAL_BYTES)
    const agents = [{ name: OWN_AGENT, credentialDigest: await sha256(credential) }]
    const origin = `http://${SOCKET_HOST}`
    const own = { folder: folder.path, masterKey: await requireMasterKey(folder), agents, url: origin, log: createLog('broker', 'error') }
    const { app, stop } = await openOwnBroker(o, opened, { ...own, isOwnHost: (host) => host === SOCKET_HOST })
    const headers = { host: SOCKET_HOST, authorization: `Bearer ${credential}` }
    return {
      ask: askBy(o, async (path, { method } = {}) => app.request(origin + path, { headers, ...(method !== undefined && { method }) })),
      close: async () => {
        await stop()
        await door.close()
      },
    }
  } catch (failure) {
    await door.close()
    throw failure
  }
}

/** Under another key than the one of then, nothing that was held can be opened. */
async function requireMasterKey(folder: PrivateFolder) {
  const kept = await readSecret(folder, OWN_FILES.masterKey)
  if (kept !== undefined) return readMasterKey(kept)
  throw new OperatorError(`${join(folder.path, OWN_FILES.masterKey)} is missing: what the stopped broker holds cannot be given back`, {
    hint: `put it back; or remove ${join(folder.path, OWN_FILES.database)}, and end what it was for at its authority`,
  })
}
