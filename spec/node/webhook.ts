import { Webhook } from 'standardwebhooks'

const PREFIX = 'whsec_'
const [LEAST_BYTES, MOST_BYTES] = [24, 64]

/** What a webhook's secret is, in words. */
export const WEBHOOK_SECRET = `${PREFIX} and ${LEAST_BYTES} to ${MOST_BYTES} bytes in base64`

/** Whether a text is a secret as Standard Webhooks writes it. */
export function isWebhookSecret(text: string): boolean {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : ''
  const bytes = Buffer.from(encoded, 'base64')
  return bytes.length >= LEAST_BYTES && bytes.length <= MOST_BYTES && bytes.toString('base64') === encoded
}

/** The headers by which a receiver knows who sends, and tells a repetition (Standard Webhooks): the same `id` on every attempt. `at` is in epoch seconds. */
export const signedHeaders = (secret: string, { id, at, body }: { id: string; at: number; body: string }): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(at),
  'webhook-signature': new Webhook(secret).sign(id, new Date(at * 1000), body),
})
