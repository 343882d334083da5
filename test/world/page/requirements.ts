import { readFileSync } from 'node:fs'
import { z } from 'zod'

const Requirements = z.array(z.object({ id: z.string(), level: z.string(), statement: z.string() }))
const statements = new Map(
  Requirements.parse(JSON.parse(readFileSync(new URL('../../../spec/requirements.json', import.meta.url), 'utf8'))).map((r) => [
    r.id,
    `${r.level}: ${r.statement}`,
  ]),
)

/** What a requirement demands, and how strongly; undefined where there is no such id. */
export const statementOf = (id: string): string | undefined => statements.get(id)
