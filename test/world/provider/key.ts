import { type CryptoKey, exportJWK, generateKeyPair } from 'jose'
import type { JWK } from 'oidc-provider'
import { systemRandom } from '../../../spec/node/settings.ts'

/** What the provider signs with; `jwk` is the private key as the library takes it. */
export type SigningKey = { privateKey: CryptoKey; jwk: JWK & { kid: string } }

/** A key as most enterprise providers have it. */
export async function createKey(): Promise<SigningKey> {
  const { privateKey } = await generateKeyPair('RS256', { extractable: true })
  return { privateKey, jwk: { ...(await exportJWK(privateKey)), kid: systemRandom(8), alg: 'RS256', use: 'sig' } }
}
