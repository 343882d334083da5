import type { Fetch } from '../../spec/effects.ts'
import { openNetwork as openPartyNetwork, type Network as PartyNetwork } from '../../spec/node/network.ts'
import type { NetworkSettings } from '../../spec/node/settings.ts'

/** How the command reaches peers. `callService` is for a Service's own answers, which may be long and take long; `fetchEvents` for streams that stay open. */
export type Network = PartyNetwork & { callService: Fetch; fetchEvents: Fetch }

const CALL_LIMITS = { timeoutMs: 600_000, maxBytes: 1024 ** 3 }
const EVENT_LIMITS = { timeoutMs: 3_600_000, maxBytes: 1024 ** 2 }

/** Opens DNS and guarded fetch as the settings want them; paths in them are absolute, or of the working directory. Throws SettingsError. */
export function openNetwork(settings: NetworkSettings): Network {
  const trip = openPartyNetwork('settings', settings)
  const calls = openPartyNetwork('settings', settings, CALL_LIMITS)
  const events = openPartyNetwork('settings', settings, EVENT_LIMITS)
  const close = async () => void (await Promise.all([trip.close(), calls.close(), events.close()]))
  return { ...trip, callService: calls.fetch, fetchEvents: events.fetch, close }
}
