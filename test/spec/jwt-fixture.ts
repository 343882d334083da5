/** The whole way of a signed object through our code: read strictly, then verified under a published key set. */
import { expect } from 'vitest'
import { type Jwt, type Kind, readJwt } from '../../spec/jwt.ts'
import { createKeySets } from '../../spec/keys.ts'
import { importKey as importNodeKey } from '../../spec/node/verify.ts'
import type { Profile } from '../../spec/profile.ts'
import { type ImportKey, importKey as importWebKey } from '../../spec/verify.ts'
import { CLAIMS, genuine, HOLDER, jws, type Members, NOW } from './jws-fixture.ts'
import { json, web } from './peer-fixture.ts'

export const KEY_SET = 'https://desk.example/jwks.json'

export const [GOOD_HEADER = '', GOOD_PAYLOAD = '', GOOD_SIGNATURE = ''] = genuine().split('.')
export const signed = (header: Members | string | Uint8Array, payload: Members | string | Uint8Array = CLAIMS) =>
  jws(header, payload, { key: HOLDER })

type Circumstances = { kind?: Kind; profile?: Profile; keys?: Members[]; asked?: string[] }

/** Rejects unless the object is good; `asked` receives every URL that was fetched. */
export async function accept(
  compact: string,
  { kind = 'service-assertion', profile = 'core-0.1', keys = [HOLDER.jwk], asked = [] }: Circumstances = {},
): Promise<Jwt> {
  const jwt = readJwt(compact, kind, { now: NOW, profile })
  const [byWeb, byNode] = await Promise.allSettled([verifyWith(importWebKey, jwt, keys, asked), verifyWith(importNodeKey, jwt, keys, [])])
  expect.soft(byNode.status, 'Node and Web Cryptography agree').toBe(byWeb.status)
  if (byWeb.status === 'rejected') throw byWeb.reason
  return jwt
}

async function verifyWith(importKey: ImportKey, jwt: Jwt, keys: Members[], asked: string[]): Promise<void> {
  const peer = web({ [KEY_SET]: json({ keys }) })
  try {
    await createKeySets({ fetch: peer.fetch, now: () => NOW, profile: 'core-0.1', importKey }).verify(KEY_SET, jwt)
  } finally {
    asked.push(...peer.asked)
  }
}

/** An attack survived: the object is refused, and the legitimate one is still accepted. */
export async function expectRefused(hostile: string, circumstances: Circumstances = {}): Promise<void> {
  await expect(accept(hostile, circumstances)).rejects.toThrow()
  await expect(accept(genuine())).resolves.toMatchObject({ algorithm: 'ES256' })
}

/** As above, and it is refused as it is read: before a key is looked for, before a pass is spent. */
export async function expectUnreadable(hostile: string, { kind = 'service-assertion', profile = 'core-0.1' }: Circumstances = {}): Promise<void> {
  expect(() => readJwt(hostile, kind, { now: NOW, profile })).toThrow()
  await expect(accept(genuine())).resolves.toMatchObject({ algorithm: 'ES256' })
}
