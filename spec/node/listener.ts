import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { Hear } from './database.ts'

/** The channel of PostgreSQL on which the processes on one database tell each other what they announce. */
export const CHANNEL = 'agentpass'

const RETRY_MS = 1000
const HEARTBEAT_MS = 5000
const ANSWER_MS = 5000

/**
 * Listens on a connection of its own to what is announced on a PostgreSQL database, until it is closed. `begun` resolves when it listens, or could not at once.
 * A connection that could not be made, was lost or has gone silent is made anew, and then `hear` is told that something may have been missed.
 */
export function createListener(url: string, hear: Hear): { begun: Promise<void>; close: () => Promise<void> } {
  const closing = new AbortController()
  let begin = () => {}
  const begun = new Promise<void>((resolve) => {
    begin = resolve
  })
  const run = async () => {
    for (let listening = begin; !closing.signal.aborted; listening = () => hear(undefined)) {
      await listenOnce(url, { hear, listening }, closing.signal)
      begin()
      await pause(RETRY_MS, closing.signal)
    }
  }
  const running = run()
  return {
    begun,
    async close() {
      closing.abort()
      await running
    },
  }
}

/** Ends when the connection cannot be made, is lost, does not answer, or is wanted no more. */
async function listenOnce(connectionString: string, { hear, listening }: { hear: Hear; listening: () => void }, closing: AbortSignal): Promise<void> {
  const client = new pg.Client({
    connectionString,
    connectionTimeoutMillis: ANSWER_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    application_name: 'agentpass listener',
  })
  const lost = new AbortController()
  const lose = () => lost.abort()
  client.on('error', lose)
  client.on('end', lose)
  client.on('notification', ({ payload }) => hear(payload))
  closing.addEventListener('abort', lose)
  try {
    await client.connect()
    await client.query(`listen ${CHANNEL}`)
    listening()
    while (!lost.signal.aborted) {
      await pause(HEARTBEAT_MS, lost.signal)
      if (!lost.signal.aborted) await client.query('select 1') // a connection that died without a word answers nothing
    }
  } catch {
    // tried again, for as long as it takes: until then what is cached lives its few seconds
  } finally {
    closing.removeEventListener('abort', lose)
    await client.end().catch(() => {})
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> => sleep(ms, undefined, { signal, ref: false }).catch(() => {})
