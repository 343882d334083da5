import { type CryptoKey, compactVerify, importJWK, type JWK } from 'jose'
import type { Kysely } from 'kysely'
import { z } from 'zod'
import { type AuditTable, chain, FIRST_HASH } from './audit.ts'

/** What verifying the trail found: how many rows hold, how many are not numbered yet, and the first row that does not hold. */
export type AuditVerdict = { verified: number; heads: number; unnumbered: number; bad?: { seq: number; why: string } }

type VerifyingKey = CryptoKey | Uint8Array

const PAGE = 1000
const Head = z.looseObject({ event: z.literal('audit_head'), seq: z.int(), hash: z.string(), signature: z.string() })
const Statement = z.object({ seq: z.int(), hash: z.string() })

/** What a party finds wrong with an event beyond its hash, such as a signature that it carries; undefined where nothing is. */
export type VerifyEvent = (event: unknown) => Promise<string | undefined>

/** Walks the whole trail: numbers without a gap, each hash over the one before, each signed head true of the row it names, and whatever a party verifies of its own events. */
export async function verifyAudit(db: Kysely<AuditTable>, keys: JWK[], verifyEvent: VerifyEvent = async () => undefined): Promise<AuditVerdict> {
  const { count } = await db
    .selectFrom('audit')
    .select((e) => e.fn.countAll<number>().as('count'))
    .where('seq', 'is', null)
    .executeTakeFirstOrThrow()
  const imported = await Promise.all(keys.map((jwk) => importJWK(jwk, 'ES256')))
  const hashes = new Map<number, string>([[0, FIRST_HASH]]) // a head names a row not far behind its own
  const verdict: AuditVerdict = { verified: 0, heads: 0, unnumbered: Number(count) }
  for (;;) {
    const after = verdict.verified
    const rows = await db.selectFrom('audit').select(['seq', 'hash', 'event']).where('seq', '>', after).orderBy('seq').limit(PAGE).execute()
    for (const row of rows) {
      const seq = verdict.verified + 1
      const why = (await whyBad({ ...row, expected: seq }, hashes, imported)) ?? (await verifyEvent(parse(row.event)))
      if (why !== undefined) return { ...verdict, bad: { seq, why } }
      if (Head.safeParse(parse(row.event)).success) verdict.heads += 1
      hashes.set(seq, row.hash ?? '')
      verdict.verified = seq
    }
    if (rows.length < PAGE) return verdict
    for (const seq of hashes.keys()) if (seq < verdict.verified - 10 * PAGE) hashes.delete(seq)
  }
}

async function whyBad(
  row: { seq: number | null; hash: string | null; event: string; expected: number },
  hashes: Map<number, string>,
  keys: VerifyingKey[],
): Promise<string | undefined> {
  if (row.seq !== row.expected) return `row ${row.expected} is missing`
  if (row.hash !== chain(hashes.get(row.expected - 1) ?? '', row.event)) return 'the row, or the one before it, was changed'
  const { data: head } = Head.safeParse(parse(row.event))
  if (!head) return undefined
  const signed = await signedStatement(head.signature, keys)
  if (signed?.seq !== head.seq || signed.hash !== head.hash) return 'the signed head does not verify'
  if (hashes.get(head.seq) !== head.hash) return `the trail up to row ${head.seq} is not the one that was signed`
  return undefined
}

async function signedStatement(signature: string, keys: VerifyingKey[]): Promise<z.infer<typeof Statement> | undefined> {
  for (const key of keys) {
    const verified = await compactVerify(signature, key, { algorithms: ['ES256'] }).catch(() => undefined) // another key may have signed it
    if (verified) return Statement.safeParse(parse(new TextDecoder().decode(verified.payload))).data
  }
  return undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined // a row that is no JSON is judged by its hash
  }
}
