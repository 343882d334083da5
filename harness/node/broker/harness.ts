import { environment, systemNow } from '../../../spec/node/settings.ts'
import { openAttest } from '../attest.ts'
import { processIo } from '../io.ts'
import { requireKey } from '../key.ts'
import { type Network, openNetwork } from '../network.ts'
import type { Settings } from '../settings.ts'
import type { BrokerOpening, OpenBroker } from './open.ts'

/** What a broker is as a Harness, by its settings. Throws OperatorError for a key that cannot be used. */
export async function harnessOf(settings: Settings, network: Network): Promise<BrokerOpening['harness']> {
  const { harness_id: harnessId, authorities, profile, user } = settings
  const holderKey = settings.holder_key && (await requireKey(settings.holder_key.file))
  const outside = { io: processIo(), environment: environment(), now: systemNow, openNetwork, signal: new AbortController().signal }
  const attest = await openAttest(outside, settings, network)
  return { harnessId, holderKey, attest, authorities, profile, user, requireDnssec: settings.network.dnssec === 'required' }
}

/** A broker whose network is closed when it has stopped. */
export const closingWith = (network: Network, broker: OpenBroker): OpenBroker => ({
  ...broker,
  async stop() {
    await broker.stop()
    await network.close()
  },
})
