import type { Fetch } from '../../spec/effects.ts'
import { signedHeaders } from '../../spec/node/webhook.ts'
import { discard, retryAfterSeconds } from '../../spec/peer.ts'
import { visible } from '../approve/visible.ts'
import type { Delivery } from './delivery.ts'

/** A webhook of the settings, with its secrets read. */
export type Webhook = { name: string; url: string; secret: string | undefined; shape: 'generic' | 'slack' }
type Message = { id: string; at: number; body: string }

const GONE = 410

/** Posts a message to a webhook, signed where the settings have a secret for it. Never throws for what the receiver does; the way there is never named, as it may be a secret. */
export async function post(fetch: Fetch, webhook: Webhook, message: Message): Promise<Delivery> {
  const { host } = new URL(webhook.url)
  try {
    const response = await fetch(webhook.url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...(webhook.secret !== undefined && signedHeaders(webhook.secret, message)) },
      body: message.body,
    })
    await discard(response)
    if (response.ok) return 'sent'
    return {
      failure: `${host} answered ${response.status}`,
      isFinal: response.status === GONE,
      retryAfterSeconds: retryAfterSeconds(response),
      ...hintOf(response.status),
    }
  } catch (failure) {
    const why = failure instanceof Error ? failure.message : 'it cannot be reached'
    return { failure: visible(why.replaceAll(webhook.url, host)), hint: 'is it up, and may this server reach it?' }
  }
}

function hintOf(status: number): { hint?: string } {
  if (status === 401 || status === 403) return { hint: 'does the receiver verify with the same secret, and is its clock right?' }
  if (status === 404 || status === GONE) return { hint: 'is the URL still the one that the receiver gave out?' }
  return {}
}
