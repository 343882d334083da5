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
    const runs = new WeakMap<object, Run<P, R>>() // by dialect adapter: a transaction shares its database's
    return async (db: Kysely<T>, values: P): Promise<R[]> => {
      const { adapter } = db.getExecutor()
      let run = runs.get(adapter)
      if (!run) {
        run = compile(build, db)
        runs.set(adapter, run)
      }
      return run(db, values)
    }
  }

type Run<P, R> = (db: { executeQuery: Kysely<unknown>['executeQuery'] }, values: P) => R[] | Promise<R[]>

function compile<T, P extends Record<string, unknown>, R>(build: (db: Kysely<T>, given: Given<P>) => Compilable<R>, db: Kysely<T>): Run<P, R> {
  const query = build(db, (name) => sql`${new Parameter(name)}`).compile()
  const places = query.parameters.map((parameter) => (values: P) => (parameter instanceof Parameter ? values[parameter.name] : parameter))
  const prepared = preparers.get(db.getExecutor().adapter)?.<R>(query.sql)
  if (prepared) return (_, values) => prepared(places.map((place) => place(values)))
  return async (on, values) => (await on.executeQuery<R>({ ...query, parameters: places.map((place) => place(values)) })).rows
}

/** Prepares a statement on the one connection that a Kysely instance has; what it gives runs at once, past all that Kysely does for many. */
export type Prepare = <R>(text: string) => (parameters: unknown[]) => R[]

const preparers = new WeakMap<object, Prepare>()

/** Has the statements of a Kysely instance run on its one connection directly. Not for instances whose transactions are on connections of their own. */
export function runDirectly<T>(db: Kysely<T>, prepare: Prepare): Kysely<T> {
  preparers.set(db.getExecutor().adapter, prepare)
  return db
}
