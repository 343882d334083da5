import type { PassRow, RequestRow, Tx } from './schema.ts'

/** A request as policy is tried on it again, with what its pass granted where there was one. */
export type PastRequest = Pick<
  RequestRow,
  'ref' | 'shown' | 'status' | 'decided_by' | 'created_at' | 'user_email' | 'agent_id' | 'service_origin'
> & {
  answer: PassRow['answer'] | null
}

const AT_ONCE = 500

/** The requests since then, the newest first, some at a time. */
export async function* pastRequests(db: Tx, since: number): AsyncGenerator<PastRequest[]> {
  let before: { at: number; ref: string } | undefined
  for (;;) {
    let query = db
      .selectFrom('request')
      .leftJoin('pass', 'pass.request_digest', 'request.digest')
      .select(['request.ref', 'request.shown', 'request.status', 'request.decided_by', 'request.created_at'])
      .select(['request.user_email', 'request.agent_id', 'request.service_origin', 'pass.answer'])
      .where('request.created_at', '>=', since)
      .orderBy('request.created_at', 'desc')
      .orderBy('request.ref')
      .limit(AT_ONCE)
    if (before) {
      const { at, ref } = before
      query = query.where('request.created_at', '<=', at).where((e) => e.or([e('request.created_at', '<', at), e('request.ref', '>', ref)]))
    }
    const rows = await query.execute()
    const last = rows.at(-1)
    if (!last) return
    yield rows
    if (rows.length < AT_ONCE) return
    before = { at: last.created_at, ref: last.ref }
  }
}

/** How many requests there are since then. */
export async function countSince(db: Tx, since: number): Promise<number> {
  const { count } = await db
    .selectFrom('request')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('created_at', '>=', since)
    .executeTakeFirstOrThrow()
  return Number(count)
}
