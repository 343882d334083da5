/** What came of an attempt: it was taken, or why not, in words that name no secret and act on no reader's screen. `isFinal`: another attempt would come to the same; `isOfOne`: it says nothing of what others are sent. */
export type Delivery = 'sent' | { failure: string; isFinal?: boolean; isOfOne?: boolean; retryAfterSeconds?: number | undefined; hint?: string }
