import { Readable } from 'node:stream'

/** What Node reads, as a Web stream: `Readable.toWeb` makes one of another type than `Request` and `Response` take. Nothing is read ahead of who reads it. */
export function streamOf(body: Readable): ReadableStream<Uint8Array> {
  const chunks: AsyncIterator<Uint8Array> = body[Symbol.asyncIterator]()
  return new ReadableStream(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
      cancel: () => void body.on('error', () => undefined).destroy(), // that nobody wants it any more is no failure of ours
    },
    { highWaterMark: 0 },
  )
}

/** A Web stream as Node reads it. Where nobody reads it any more, its source is told at once, also while it is being waited for. */
export function readableOf(body: ReadableStream<Uint8Array>): Readable {
  const reader = body.getReader()
  return new Readable({
    read() {
      reader.read().then(
        ({ done, value }) => this.push(done ? null : value),
        (failure) => this.destroy(failure),
      )
    },
    destroy(failure, callback) {
      const end = () => callback(failure)
      reader.cancel(failure).then(end, end) // that the source has broken off is told by the failure
    },
  })
}
