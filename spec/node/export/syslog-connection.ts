import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { checkServerIdentity, connect as connectTls, rootCertificates } from 'node:tls'

/** Where a syslog receiver is. `tls: undefined` is plain TCP; its members are PEM. */
export type SyslogTarget = {
  host: string
  port: number
  tls: { ca: string | undefined; cert: string | undefined; key: string | undefined; serverName: string | undefined } | undefined
}
export type SyslogConnection = {
  /** Resolves when the system has all of it. Throws when the connection breaks, or nobody takes it. */
  write: (text: string) => Promise<void>
  /** Throws why the connection is over, where it is. */
  requireAlive: () => void
  close: () => void
}

const CONNECT_MS = 5000
const WRITE_MS = 15_000
const KEEP_ALIVE_MS = 10_000
const LINGER_MS = 1000

/** Connects, and verifies who is there. Throws Error with the reason. */
export async function connectSyslog(target: SyslogTarget, signal: AbortSignal): Promise<SyslogConnection> {
  const link: Link = { socket: dial(target), signal, failure: undefined }
  const { socket } = link
  socket.on('error', (cause) => breakOff(link, cause))
  socket.once('end', () => breakOff(link, new Error('the receiver closed the connection')))
  socket.once('close', () => breakOff(link, new Error('the connection was closed')))
  socket.resume() // a receiver says nothing; its end is heard only by who reads
  socket.setKeepAlive(true, KEEP_ALIVE_MS)
  await within(
    link,
    { ms: CONNECT_MS, why: 'the receiver does not answer' },
    (done) => void socket.once(target.tls ? 'secureConnect' : 'connect', done),
  )
  return {
    write: (text) =>
      within(link, { ms: WRITE_MS, why: 'the receiver takes nothing' }, (done) => {
        socket.write(text, (cause) => {
          if (cause) breakOff(link, cause)
          else if (!socket.destroyed) done() // else its end tells why: what was under way then is called done too
        })
      }),
    requireAlive: () => requireAlive(link),
    close() {
      socket.end()
      setTimeout(() => socket.destroy(), LINGER_MS).unref()
    },
  }
}

/** A connection, and why it is over, where it is. */
type Link = { socket: Socket; signal: AbortSignal; failure: Error | undefined }

function breakOff(link: Link, cause: Error): void {
  link.failure ??= cause
  link.socket.destroy()
}

function requireAlive({ failure }: Link): void {
  if (failure !== undefined) throw failure
}

function dial({ host, port, tls }: SyslogTarget): Socket {
  if (!tls) return connectTcp({ host, port })
  const { ca, cert, key, serverName = host } = tls
  return connectTls({
    host,
    port,
    ca: ca === undefined ? [...rootCertificates] : [ca],
    ...{ cert, key, minVersion: 'TLSv1.2' },
    ...(isIP(serverName) === 0 && { servername: serverName }), // an address is not sent
    checkServerIdentity: (_, certificate) => checkServerIdentity(serverName, certificate),
    rejectUnauthorized: true, // whatever NODE_TLS_REJECT_UNAUTHORIZED says
  })
}

/** Waits until it is done, for so long and until we stop; after that the connection is over. Nothing of it stays with the connection. Throws why that is over. */
async function within(link: Link, { ms, why }: { ms: number; why: string }, begin: (done: () => void) => void): Promise<void> {
  requireAlive(link)
  const { socket, signal } = link
  const cut = () => breakOff(link, new Error('stopped'))
  const timer = setTimeout(() => breakOff(link, new Error(`${why} within ${ms} ms`)), ms)
  signal.addEventListener('abort', cut, { once: true })
  let ended = () => {}
  try {
    await new Promise<void>((resolve, reject) => {
      ended = () => reject(link.failure)
      socket.once('close', ended)
      begin(resolve)
      if (signal.aborted) cut()
    })
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', cut)
    socket.off('close', ended)
  }
}
