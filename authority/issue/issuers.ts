import type { AttestationIssuers } from '../../spec/attestation.ts'
import { createPinnedKeys, type KeySets, KeysUnavailable } from '../../spec/keys.ts'
import type { Log } from '../../spec/node/log.ts'
import type { ImportKey } from '../../spec/verify.ts'

/** An issuer as the settings pin it: with its keys, or the URL of its key set. */
export type IssuerSettings = { issuer: string; keys?: unknown[] | undefined; jwks_uri?: string | undefined }
type IssuersDeps = { keySets: KeySets; importKey: ImportKey; log: Log }

/** The attestation issuers of the settings (protocol 9.3), byte for byte. Nothing is fetched but a pinned `jwks_uri`; that it cannot be had is logged, because the Harness is only told 401. */
export const createAttestationIssuers = (d: IssuersDeps, issuers: IssuerSettings[]): AttestationIssuers =>
  new Map(
    issuers.map(({ issuer, keys = [], jwks_uri }) => [issuer, jwks_uri === undefined ? createPinnedKeys(keys, d.importKey) : fetched(d, jwks_uri)]),
  )

const fetched =
  ({ keySets, log }: IssuersDeps, jwksUri: string): ReturnType<typeof createPinnedKeys> =>
  (jws) =>
    keySets.verify(jwksUri, jws).catch((failure) => {
      if (failure instanceof KeysUnavailable) log.warn('attestation_keys_unavailable', { failure })
      throw failure
    })
