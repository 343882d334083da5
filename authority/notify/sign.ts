const PREFIX = 'whsec_'

/** The key of a webhook's secret as Standard Webhooks writes it: `whsec_` and 24 to 64 bytes in base64. Undefined for any other text. */
export function readWebhookKey(secret: string): Uint8Array<ArrayBuffer> | undefined {
  if (!secret.startsWith(PREFIX) || !/^[A-Za-z0-9+/]+={0,2}$/.test(secret.slice(PREFIX.length))) return undefined
  try {
    const key = Uint8Array.from(atob(secret.slice(PREFIX.length)), (char) => char.charCodeAt(0))
    return key.length >= 24 && key.length <= 64 ? key : undefined
  } catch {
    return undefined // of a length that base64 does not have
  }
}

/** The headers by which a receiver knows who sends, and tells a repetition (Standard Webhooks): the same `id` on every attempt. */
export async function signedHeaders(
  key: Uint8Array<ArrayBuffer>,
  message: { id: string; at: number; body: string },
): Promise<Record<string, string>> {
  const hmac = await crypto.subtle.importKey('raw', key, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign'])
  const signed = await crypto.subtle.sign('HMAC', hmac, new TextEncoder().encode(`${message.id}.${message.at}.${message.body}`))
  const signature = btoa(String.fromCharCode(...new Uint8Array(signed)))
  return { 'webhook-id': message.id, 'webhook-timestamp': String(message.at), 'webhook-signature': `v1,${signature}` }
}
