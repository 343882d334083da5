import { once } from 'node:events'
import { createInterface } from 'node:readline/promises'

/** Whether a person is there to be asked. */
export const isTerminal = (): boolean => process.stdin.isTTY && process.stderr.isTTY

/** Asks the person at the terminal; whatever is no clear yes is no. */
export async function isConfirmed(question: string): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const asked = terminal.question(question).catch(() => '') // ended by Ctrl-C or Ctrl-D
    const answer = await Promise.race([asked, once(terminal, 'close').then(() => '')])
    return /^y(?:es)?$/i.test(answer.trim())
  } finally {
    terminal.close()
  }
}
