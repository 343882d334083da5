import { createInterface } from 'node:readline/promises'
import { addAbortSignal } from 'node:stream'
import { OperatorError } from '../../spec/node/operator-error.ts'

/** Where the command talks and listens: results go to `out`, talk to `err`. */
export type Io = {
  /** Ends when the data is with the reader; rejects when there is none any more. */
  out: (data: string | Uint8Array) => Promise<void>
  err: (text: string) => void
  /** Whether `err` is a terminal, where a line can be written over. */
  isTerminal: boolean
  /** Asks the person at the terminal; undefined where there is none. */
  ask: ((question: string, signal: AbortSignal) => Promise<string>) | undefined
  readInput: (signal: AbortSignal) => Promise<Uint8Array<ArrayBuffer>>
}

/** The streams of this process. */
export function processIo(): Io {
  const { stdin, stdout, stderr } = process
  for (const stream of [stdout, stderr]) stream.on('error', () => {}) // a reader that left is told to whoever writes
  const isTerminal = stderr.isTTY === true
  return {
    out: (data) => new Promise((resolve, reject) => stdout.write(data, (failure) => (failure ? reject(failure) : resolve()))),
    err: (text) => void stderr.write(text),
    isTerminal,
    ask: isTerminal && stdin.isTTY === true ? ask : undefined,
    readInput: async (signal) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of addAbortSignal(signal, stdin)) chunks.push(Buffer.from(chunk))
      return Uint8Array.from(Buffer.concat(chunks))
    },
  }
}

async function ask(question: string, signal: AbortSignal): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr, terminal: false }) // so that Ctrl-C stays a signal
  try {
    const nobody = new Promise<never>((_, reject) => lines.once('close', () => reject(new OperatorError('nobody answered'))))
    return await Promise.race([lines.question(question, { signal }), nobody])
  } finally {
    lines.close()
  }
}

/** Whether a failure means that whoever read the results has left. */
export const isReaderGone = (failure: unknown): boolean => failure instanceof Error && 'code' in failure && failure.code === 'EPIPE'
