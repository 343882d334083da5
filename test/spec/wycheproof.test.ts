import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fromBase64url } from '../../spec/base64url.ts'
import { readCompact } from '../../spec/jwt.ts'
import { createKeySets } from '../../spec/keys.ts'
import { importKey as importNodeKey } from '../../spec/node/verify.ts'
import { type ImportKey, importKey as importWebKey } from '../../spec/verify.ts'
import { json, web } from './peer-fixture.ts'

type Key = Record<string, unknown>
type KeyOrSet = Key | { keys: Key[] }
type Vector = { tcId: number; comment: string; jws: string | object; result: 'valid' | 'invalid'; keys: Key[]; privateKeys: Key[] }
type Group = { public?: KeyOrSet; private?: KeyOrSet; tests: Pick<Vector, 'tcId' | 'comment' | 'jws' | 'result'>[] }

const FOLDER = process.env.AGENTPASS_VECTORS || undefined
const KEY_SET = 'https://desk.example/jwks.json'

/** Signature vectors whose label our rules contradict, each with the reason. */
const MISLABELLED: Record<number, string> = {
  346: 'said to be valid, but signed PS384 under a key whose alg is PS256',
  347: 'said to be valid, but the alg of its key is ES521, which does not exist',
  350: 'said to be valid, but signed PS384 under a key whose alg is PS256',
  351: 'said to be valid, but the alg of its key is ES521, which does not exist',
  367: 'said to be invalid for its padding, but is vector 357 letter by letter',
  370: 'said to be invalid for its padding, but is vector 357 letter by letter',
  372: 'said to be valid, but has a question mark in its header',
  373: 'said to be valid, but has a question mark in its payload',
}

if (!FOLDER) console.warn('The Wycheproof vectors were NOT run: set AGENTPASS_VECTORS to the folder that holds them.')

test.skipIf(!FOLDER)(
  'the Wycheproof vectors are there (set AGENTPASS_VECTORS to the folder of json_web_signature_test.json and json_web_key_test.json)',
  () => {
    expect(readVectors('json_web_signature_test.json')).toHaveLength(401)
    expect(readVectors('json_web_key_test.json')).toHaveLength(26)
  },
)

if (FOLDER) {
  const signatures = readVectors('json_web_signature_test.json')
  const keys = readVectors('json_web_key_test.json')
  const honest = signatures.filter(({ tcId }) => !MISLABELLED[tcId])

  test('J-10: every invalid signature of Wycheproof is refused [AUTH-ASRT-12]', async () => {
    const invalid = honest.filter((v) => v.result === 'invalid')
    expect(await accepted(invalid)).toEqual([])
    expect(invalid).toHaveLength(353)
  })

  test('every valid signature of Wycheproof is accepted, but for MACs', async () => {
    const valid = honest.filter((v) => v.result === 'valid' && !isMac(v))
    expect(await accepted(valid)).toEqual(valid.map((v) => v.tcId))
    expect(valid).toHaveLength(32)
  })

  test('every MAC of Wycheproof is refused, a valid one too [AUTH-ASRT-12]', async () => {
    const macs = [...signatures, ...keys].filter(isMac)
    expect(await accepted(macs)).toEqual([])
    expect(macs.filter((v) => v.result === 'valid')).toHaveLength(14)
  })

  test.each(Object.entries(MISLABELLED))('signature vector %s, %s, is refused', async (tcId) => {
    expect(await accepted(signatures.filter((v) => v.tcId === Number(tcId)))).toEqual([])
  })

  test('a good signature under a key whose alg rules it out is accepted once the key has no alg', async () => {
    const ruledOut = signatures.filter((v) => [346, 347, 350, 351].includes(v.tcId))
    const freed = ruledOut.map((v) => ({ ...v, keys: v.keys.map(({ alg: _, ...key }) => key) }))
    expect(await accepted(freed)).toEqual([346, 347, 350, 351])
  })

  test('vectors 367 and 370 are vector 357, letter by letter', () => {
    const text = (tcId: number) => signatures.find((v) => v.tcId === tcId)?.jws
    expect([text(367), text(370)]).toEqual([text(357), text(357)])
  })

  test('every part that Wycheproof says is misspelt is no base64url, and 372 and 373 have one too', () => {
    const misspelt = signatures.filter(({ tcId }) => tcId >= 360 && tcId <= 375 && tcId !== 367 && tcId !== 370)
    const read = misspelt.filter(({ jws }) =>
      String(jws)
        .split('.')
        .every((part) => fromBase64url(part) !== undefined),
    )
    expect(read.map((v) => v.tcId)).toEqual([])
    expect(misspelt).toHaveLength(14)
  })

  test('every invalid key of Wycheproof is refused, and the valid public key accepted', async () => {
    const asymmetric = keys.filter((v) => !isMac(v))
    expect(await accepted(asymmetric)).toEqual(asymmetric.filter((v) => v.result === 'valid').map((v) => v.tcId))
    expect(await accepted(asymmetric)).toEqual([5])
    expect(await accepted(keys.filter((v) => v.result === 'invalid'))).toEqual([])
  })

  test('a key set that publishes its private keys verifies nothing', async () => {
    const published = [...signatures, ...keys].filter((v) => v.privateKeys.length > 0).map((v) => ({ ...v, keys: v.privateKeys }))
    expect(await accepted(published)).toEqual([])
    expect(published.length).toBeGreaterThan(350)
  })
}

function readVectors(file: string): Vector[] {
  const { testGroups }: { testGroups: Group[] } = JSON.parse(readFileSync(join(FOLDER ?? '', file), 'utf8'))
  return testGroups.flatMap((group) =>
    group.tests.map((vector) => ({ ...vector, keys: keysOf(group.public ?? group.private), privateKeys: keysOf(group.private) })),
  )
}

function keysOf(keys: KeyOrSet | undefined): Key[] {
  if (!keys) return []
  return Array.isArray(keys.keys) ? keys.keys : [keys]
}

function isMac({ keys }: Vector): boolean {
  return keys.every((key) => key.kty === 'oct')
}

/** The ids of those that our own path accepts: the strict form, the header's rules, the key set, the signature. */
async function accepted(vectors: Vector[]): Promise<number[]> {
  const verdicts = await Promise.all(vectors.map(async (vector) => ({ ...vector, good: await isAccepted(vector) })))
  return verdicts.filter((v) => v.good).map((v) => v.tcId)
}

/** By Web Cryptography and by Node's own, which must agree. */
async function isAccepted(vector: Vector): Promise<boolean> {
  const [web, node] = [await isAcceptedWith(importWebKey, vector), await isAcceptedWith(importNodeKey, vector)]
  if (web !== node) throw new Error(`test case ${vector.tcId}: accepted by ${web ? 'Web Cryptography' : 'Node'} alone`)
  return node
}

async function isAcceptedWith(importKey: ImportKey, { jws, keys }: Vector): Promise<boolean> {
  const keySets = createKeySets({ fetch: web({ [KEY_SET]: json({ keys }) }).fetch, now: () => 0, profile: 'core-0.1', importKey })
  try {
    await keySets.verify(KEY_SET, readCompact(typeof jws === 'string' ? jws : JSON.stringify(jws)).jws)
    return true
  } catch {
    return false // refused
  }
}
