import type { AttestationIssuers, Vouching } from '../../spec/attestation.ts'
import { createPinnedKeys, type KeySets, KeysUnavailable } from '../../spec/keys.ts'
import type { Log } from '../../spec/node/log.ts'
import type { ImportKey } from '../../spec/verify.ts'
import type { WorkloadProviders } from '../../spec/workload.ts'
import type { AttestationSettings } from './settings.ts'

type IssuerSettings = AttestationSettings['issuers'][number]
type WorkloadSettings = AttestationSettings['workloads'][number]
type IssuersDeps = { keySets: KeySets; importKey: ImportKey; log: Log }

/** Who vouches for Harnesses at this Authority by its settings (protocol 9.3, 10). Nothing is fetched but a pinned `jwks_uri`; that it cannot be had is logged, because the Harness is only told 401. */
export const createVouching = (d: IssuersDeps, authority: string, { issuers, workloads }: AttestationSettings): Vouching => ({
  authority,
  issuers: createAttestationIssuers(d, issuers),
  workloads: createWorkloadProviders(d, workloads),
})

const createAttestationIssuers = (d: IssuersDeps, issuers: IssuerSettings[]): AttestationIssuers =>
  new Map(issuers.map((issuer) => [issuer.issuer, verifierOf(d, issuer)]))

/** Approvers read the pinned issuer, also where people gave it a name. */
const createWorkloadProviders = (d: IssuersDeps, workloads: WorkloadSettings[]): WorkloadProviders =>
  new Map(
    workloads.map((workload) => {
      const { issuer, name, subjects, max_age_seconds: maxAgeSeconds } = workload
      return [
        issuer,
        { issuer, shownAs: name === undefined ? issuer : `${name} (${issuer})`, subjects, maxAgeSeconds, verify: verifierOf(d, workload) },
      ]
    }),
  )

const verifierOf = (d: IssuersDeps, { keys = [], jwks_uri }: Pick<IssuerSettings, 'keys' | 'jwks_uri'>): ReturnType<typeof createPinnedKeys> =>
  jwks_uri === undefined ? createPinnedKeys(keys, d.importKey) : fetched(d, jwks_uri)

const fetched =
  ({ keySets, log }: IssuersDeps, jwksUri: string): ReturnType<typeof createPinnedKeys> =>
  (jws) =>
    keySets.verify(jwksUri, jws).catch((failure) => {
      if (failure instanceof KeysUnavailable) log.warn('attestation_keys_unavailable', { failure })
      throw failure
    })
