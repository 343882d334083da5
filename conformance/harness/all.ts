import type { Case } from '../case.ts'
import { version } from './2.2-version.ts'
import { proof } from './3.1.1-proof.ts'
import { discovery } from './3.2.1-discovery.ts'
import { record } from './3.2.1-record.ts'
import { pin } from './3.2.2-pin.ts'
import { resolution } from './3.2.2-resolution.ts'
import { issuance } from './3.2.3-issuance.ts'
import { outcomes } from './3.2.3-outcomes.ts'
import { polling } from './3.2.3-polling.ts'
import { initialization } from './3.3.2-initialization.ts'
import { redemption } from './3.3-redemption.ts'
import { bearer } from './3.4-bearer.ts'
import { secrets } from './4.6-secrets.ts'
import { fetching } from './5.2.1-fetch.ts'
import { tls } from './5.2.1-tls.ts'
import type { HarnessStage } from './stage.ts'

/** Every case that judges a Harness, in the order of the draft's sections. */
export const harnessCases: readonly Case<HarnessStage>[] = [
  ...version,
  ...proof,
  ...discovery,
  ...record,
  ...resolution,
  ...pin,
  ...issuance,
  ...polling,
  ...outcomes,
  ...redemption,
  ...initialization,
  ...bearer,
  ...secrets,
  ...fetching,
  ...tls,
]
