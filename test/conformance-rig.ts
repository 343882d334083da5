/** Our own parties, in this process, for the conformance suite to judge: so that a test can break them, the suite's servers or the way between them. */
import { writeFileSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { type Ground, startGround } from '../conformance/actors/ground.ts'
import { type Adapter, parseAdapter, SuiteSettings } from '../conformance/adapter.ts'
import type { Party } from '../conformance/requirements.ts'
import { temporaryFolder } from './folders.ts'
import { startSubjects } from './world/subjects/subjects.ts'

const ZONE = 'suite.localhost'

export type OwnParties = { adapter: Adapter; ground: Ground; folder: string; stopPeers: () => Promise<void> }

/** Starts the suite's servers, and those of our parties. */
export async function ownParties(...parties: Party[]): Promise<OwnParties> {
  const folder = temporaryFolder()
  const ground = await startGround(SuiteSettings.parse({ zone: ZONE }), 'core-0.1', 'test')
  onTestFinished(ground.stop)
  const caFile = join(folder, 'suite-ca.pem')
  writeFileSync(caFile, ground.ca)
  const suite = {
    profile: 'core-0.1',
    zone: ZONE,
    address: '127.0.0.1',
    dns_port: ground.dns.port,
    https_port: ground.hosts.port,
    ca_file: caFile,
    parties,
  } as const
  const stops: (() => Promise<void>)[] = []
  const stopPeers = async () => {
    for (const undo of stops.splice(0).reverse()) await undo()
  }
  onTestFinished(stopPeers)
  const printed = await startSubjects({ folder, suite: { ...suite, parties }, stops })
  return { adapter: parseAdapter(JSON.parse(JSON.stringify(printed)), 'the adapter'), ground, folder, stopPeers }
}

/** A way to the same port of this machine at another loopback address, that can be cut: then what is open breaks off, and nothing new gets through. */
export async function cuttableWay(port: number): Promise<{ address: string; cut: () => void }> {
  const address = '127.0.0.2'
  const sockets = new Set<Socket>()
  let isCut = false
  const server = createServer((near) => {
    if (isCut) return near.destroy()
    const far = connect(port, '127.0.0.1')
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.on('error', () => to.destroy())
      from.on('close', () => to.destroy())
      from.pipe(to)
    }
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, address, resolve))
  const cut = () => {
    isCut = true
    for (const socket of sockets) socket.destroy()
  }
  onTestFinished(async () => {
    cut()
    await new Promise((done) => server.close(done))
  })
  return { address, cut }
}
