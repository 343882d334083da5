/** What a person asked for cannot be done as asked: exit code 2. */
export class Misuse extends Error {
  readonly problems: string[]
  readonly hint: string | undefined
  constructor(problems: string[], hint?: string) {
    super(problems.join('; '))
    this.problems = problems
    this.hint = hint
  }
}
