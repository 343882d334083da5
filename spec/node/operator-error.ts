/** 1: refused or failed. 2: misuse, by wrong arguments or settings. */
export type ExitCode = 1 | 2
export type OperatorErrorOptions = ErrorOptions & { hint?: string | undefined; exitCode?: ExitCode }

/** Why a server does not start, or a command is not done: sentences for the person who runs it, and a hint what to do about it. */
export class OperatorError extends Error {
  override readonly name: string = 'OperatorError'
  readonly problems: string[]
  readonly hint: string | undefined
  readonly exitCode: ExitCode
  constructor(problems: string | string[], { hint, exitCode = 1, ...options }: OperatorErrorOptions = {}) {
    const all = [problems].flat()
    super(all.join('; '), options)
    this.problems = all
    this.hint = hint
    this.exitCode = exitCode
  }
}

/** The message of whatever was thrown, on one line. */
export const messageOf = (failure: unknown): string =>
  (failure instanceof Error ? failure.message || failure.name : String(failure)).replace(/\s*\n\s*/g, ', ')
