import { type CompiledQuery, type Kysely, type RawBuilder, sql } from 'kysely'

/** Stands for a value that a statement is given each time it runs. */
class Parameter {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** Names a parameter of a statement where a value would stand. */
type Given<P> = <N extends keyof P & string>(name: N) => RawBuilder<P[N]>
type Compilable<R> = { compile: () => CompiledQuery<R> }

/**
 * A statement of a hot path: built and compiled by Kysely once for each database, then only run, because building costs more than running.
 * `statement<Tables, { id: string }>()((db, given) => db.selectFrom('t').selectAll().where('id', '=', given('id')))` gives a function from a database (or transaction) and values to rows.
 */
export const statement =
  <T, P extends Record<string, unknown>>() =>
  <R>(build: (db: Kysely<T>, given: Given<P>) => Compilable<R>) => {
    const compiled = new WeakMap<object, CompiledQuery<R>>() // by dialect adapter: a transaction shares its database's
    const given: Given<P> = (name) => sql`${new Parameter(name)}`
    return async (db: Kysely<T>, values: P): Promise<R[]> => {
      const { adapter } = db.getExecutor()
      let query = compiled.get(adapter)
      if (!query) {
        query = build(db, given).compile()
        compiled.set(adapter, query)
      }
      const parameters = query.parameters.map((parameter) => (parameter instanceof Parameter ? values[parameter.name] : parameter))
      const { rows } = await db.executeQuery<R>({ ...query, parameters })
      return rows
    }
  }
