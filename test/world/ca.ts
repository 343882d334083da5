import { type CertificateAuthority, createCa } from '../../spec/node/ca.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'

const WEEK_SECONDS = 7 * 86_400

/** Makes the world's certificate authority: what it signs is valid for seven days. */
export const createCertificateAuthority = (): Promise<CertificateAuthority> =>
  createCa({ now: systemNow, random: systemRandom, organisation: 'AgentPass local world', lifetimeSeconds: WEEK_SECONDS })
