import { hash } from 'node:crypto'

/** SHA-256 of text, base64url: what is kept of a pass value or a request id, and how a text is known to be the same. */
export const digestOf = (text: string): string => hash('sha256', text, 'base64url')
