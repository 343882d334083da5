import { NoAnswer } from '../actors/client.ts'
import type { Stage } from '../stage.ts'

/** One step of the way that every case takes: what is tried, and what to look at where it does not work. */
export type Hop = { says: string; hint: string; walk: () => Promise<void> }
/** How a hop went: `works`, or what came instead and what to look at. */
export type Walked = { says: string; works: boolean; actual?: string; hint?: string }

/** Walks hop by hop, and no further than the first that does not work. */
export async function walk(hops: readonly Hop[], onWalked: (walked: Walked) => void): Promise<boolean> {
  for (const { says, hint, walk } of hops) {
    try {
      await walk()
      onWalked({ says, works: true })
    } catch (failure) {
      onWalked({ says, works: false, actual: failure instanceof Error ? failure.message : String(failure), hint })
      return false
    }
  }
  return true
}

/** The hop to the peer's own configuration document. */
export const documentHop = (stage: Stage, url: string): Hop => ({
  says: `the suite reaches ${url}`,
  hint: 'does the peer run there? reach.hosts gives its host an address, reach.ca_file is what its certificate is checked against; plain http needs --insecure-loopback',
  walk: async () => {
    const { status } = await stage.client.send(url)
    if (status !== 200) throw new NoAnswer(`it answers ${status}`)
  },
})

/** That the peer asked the suite's DNS server for a name; where its names are static there is nothing to see. */
export function requireAsked({ ground }: Stage, name: string): void {
  if (ground.settings.names === 'dns' && ground.dns.asked(name).length === 0) throw new NoAnswer(`it did not ask the suite's DNS server for ${name}`)
}
