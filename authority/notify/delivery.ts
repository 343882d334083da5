/** What came of an attempt: it was taken, or why not, in words that name no secret and act on no reader's screen. `isFinal`: another attempt would come to the same. */
export type Delivery = 'sent' | { failure: string; isFinal?: boolean; retryAfterSeconds?: number | undefined; hint?: string }
