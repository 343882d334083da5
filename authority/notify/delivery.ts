/**
 * What came of an attempt: it was taken, or why not, in words that name no secret and act on no reader's screen. `isFinal`: another attempt would come to the same.
 * `refused`: what of it, this recipient or what this mail says; where it is neither, others fare no better now.
 */
export type Delivery =
  | 'sent'
  | { failure: string; isFinal?: boolean; refused?: 'recipient' | 'mail' | undefined; retryAfterSeconds?: number | undefined; hint?: string }
