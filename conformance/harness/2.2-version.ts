import { type Case, expectThat } from '../case.ts'
import { expectDone, type HarnessStage, type HarnessWorld } from './stage.ts'
import { asObject, expectStop, type Hop, setEndpoint } from './trip.ts'

/** Documents of either peer, and the hop at which each is read. */
const DOCUMENTS: readonly { of: 'service' | 'authority'; name: string; hop: Hop }[] = [
  { of: 'service', name: 'the Service’s document', hop: 'service document' },
  { of: 'authority', name: 'the Authority’s document', hop: 'authority document' },
]

/** What is no version (§2.2): neither a default, nor read as if it were one. */
const MALFORMED: readonly { slug: string; about: string; version: unknown }[] = [
  { slug: 'missing', about: 'has no version', version: undefined },
  { slug: 'number', about: 'has the number 0.1 as its version', version: 0.1 },
  { slug: 'patch', about: 'has the version 0.1.0', version: '0.1.0' },
  { slug: 'prefix', about: 'has the version v0.1', version: 'v0.1' },
]

const UNKNOWN = { x_unknown: { deep: [1, { x_unknown: null }] }, Version: '9.9', AUTHORITY: 'https://somebody-else.invalid', Type: 'nothing' }

/** Versions of documents, and members nobody knows (§2.2). */
export const version: Case<HarnessStage>[] = [
  ...DOCUMENTS.map(
    ({ of, name, hop }): Case<HarnessStage> => ({
      id: `VER-01/${of}`,
      about: `${name} has a major version nobody knows`,
      negative: true,
      run: async (s) => {
        const w = s.world()
        w[of].document.version = '2.3'
        await expectStop(w, hop)
      },
    }),
  ),
  {
    id: 'VER-04/harness',
    about: 'both documents have a higher minor version',
    run: async (s) => {
      const w = s.world()
      w.service.document.version = '0.9'
      w.authority.document.version = '0.120'
      expectDone(await w.run())
    },
  },
  ...DOCUMENTS.flatMap(({ of, name, hop }) =>
    MALFORMED.filter(({ slug }) => of === 'service' || slug === 'missing' || slug === 'number').map(
      ({ slug, about, version: malformed }): Case<HarnessStage> => ({
        id: `VER-05/harness-${of}-${slug}`,
        about: `${name} ${about}`,
        negative: true,
        run: async (s) => {
          const w = s.world()
          w[of].document.version = malformed
          await expectStop(w, hop)
        },
      }),
    ),
  ),
  {
    id: 'VER-06/harness',
    about: 'the Service’s document offers version 31.7 alone, and what the Harness says is read',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.service.document.version = '31.7'
      const { stdout, stderr } = await expectStop(w, 'service document')
      expectThat((stdout + stderr).includes('31.7'), 'a message that names the version 31.7', (stderr || stdout).trim().slice(-300))
    },
  },
  {
    id: 'VER-07/harness',
    about: 'documents and answers have members nobody knows, some of them spelt almost like known ones',
    run: async (s) => {
      const w = s.world()
      addUnknown(w)
      expectDone(await w.run())
    },
  },
]

function addUnknown({ service, authority }: HarnessWorld): void {
  Object.assign(service.document, UNKNOWN, { service: { ...asObject(service.document.service), ...UNKNOWN } })
  Object.assign(authority.document, UNKNOWN, { policy: UNKNOWN, approval: { modes: ['poll'], ...UNKNOWN } })
  for (const peer of [service, authority]) setEndpoint(peer, 'x_unknown', 'no URL')
  const reference = { ...authority.reference, ...UNKNOWN }
  service.on.resolve = () => ({ json: { enterprise_authority: reference, ...UNKNOWN } })
}
