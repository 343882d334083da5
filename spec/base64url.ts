/** Unpadded base64url (RFC 4648 §5) of bytes. */
export const toBase64url = (bytes: Uint8Array): string =>
  btoa(Array.from(bytes, (b) => String.fromCharCode(b)).join(''))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')

const ALPHABET = /^[A-Za-z0-9_-]*$/

/** The bytes of unpadded base64url; undefined for any other text: foreign characters, padding, an impossible length, or spare bits that are not zero. */
export function fromBase64url(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!ALPHABET.test(text) || text.length % 4 === 1) return undefined
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
  const bytes = Uint8Array.from(binary, (c) => c.charCodeAt(0))
  return hasSpareBits(text) ? undefined : bytes
}

/** A last group of two characters carries four spare bits, one of three carries two: another spelling of the same bytes when they are set. */
function hasSpareBits(text: string): boolean {
  const rest = text.length % 4
  if (rest === 0) return false
  const value = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'.indexOf(text.at(-1) ?? 'A')
  return (value & (rest === 2 ? 15 : 3)) !== 0
}

/** SHA-256 of text (as UTF-8), unpadded base64url: how `aph` and every stored digest are written. */
export async function sha256(text: string): Promise<string> {
  return toBase64url(new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text))))
}

/** SHA-256 of text (as UTF-8) in lower-case hex: how a task description's hash is written (protocol 9.2). */
export async function sha256Hex(text: string): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text)))
  return Array.from(digest, (b) => b.toString(16).padStart(2, '0')).join('')
}
