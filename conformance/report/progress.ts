import type { Result } from './report.ts'
import { visible } from './visible.ts'

const CLEAR = '\r\u001b[K'

/** Where lines are written to, such as `process.stdout`. */
export type Stream = { write: (text: string) => unknown; isTTY?: boolean | undefined; columns?: number | undefined }

/** One line that is written over and over: how many cases are done and failed, and which one runs. */
export type Progress = {
  begin: (caseId: string) => void
  end: (result: Pick<Result, 'id' | 'verdict'>) => void
  /** Takes the line away, so that something may be written in its place. */
  clear: () => void
}

/** Progress on a terminal; on anything else it writes nothing at all. */
export function createProgress(stream: Stream, total: number): Progress {
  const running = new Set<string>()
  let done = 0
  let failed = 0
  const draw = () => {
    if (stream.isTTY) stream.write(`${CLEAR}${progressLine({ done, total, failed, now: [...running].at(-1) }, stream.columns)}`)
  }
  return {
    begin: (caseId) => {
      running.add(caseId)
      draw()
    },
    end: ({ id, verdict }) => {
      running.delete(id)
      done++
      if (verdict === 'FAIL') failed++
      draw()
    },
    clear: () => {
      if (stream.isTTY) stream.write(CLEAR)
    },
  }
}

/** The line, no wider than the terminal: one that wraps could not be written over. */
export function progressLine(
  { done, total, failed, now }: { done: number; total: number; failed: number; now: string | undefined },
  columns = 80,
): string {
  const line = `${done}/${total}  ${failed} failed${now === undefined ? '' : `  now: ${visible(now)} …`}`
  const width = Math.max(columns - 1, 0)
  return line.length <= width ? line : `${line.slice(0, Math.max(width - 1, 0))}${width > 0 ? '…' : ''}`
}
