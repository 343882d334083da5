import { FETCH_FAULTS } from '../actors/document-faults.ts'
import type { Case } from '../case.ts'
import type { HarnessStage } from './stage.ts'
import { approvingAuthority, expectStop, expectUntouched } from './trip.ts'

const FAULTS = FETCH_FAULTS.filter(({ slug }) => ['500', 'huge', 'slow'].includes(slug))

/** The document of the Authority that was offered (§3.2.2, §3.3.1): it is that one's or nobody's. */
export const pin: Case<HarnessStage>[] = [
  {
    id: 'HAR-RES-08',
    about: 'the document at the pinned URL is that of another Authority, whole',
    negative: true,
    run: async (s) => {
      const w = s.world()
      const other = approvingAuthority(s)
      w.authority.on.document = () => ({ json: other.document })
      await expectStop(w, 'authority document')
      expectUntouched(other, 'the other Authority')
    },
  },
  {
    id: 'HAR-RES-08/slash',
    about: 'the document’s identifier has a slash more: identifiers are compared byte for byte',
    negative: true,
    run: async (s) => {
      const w = s.world()
      w.authority.document.authority = `${w.authority.identifier}/`
      await expectStop(w, 'authority document')
    },
  },
  ...FAULTS.map(
    ({ slug, about, answer, slow }): Case<HarnessStage> => ({
      id: `HAR-RES-08/answer-${slug}`,
      about: `the Authority’s document: ${about}`,
      negative: true,
      ...(slow && { slow }),
      run: async (s) => {
        const w = s.world()
        w.authority.on.document = () => answer(w.authority.document, 'https://nowhere.invalid')
        await expectStop(w, 'authority document')
      },
    }),
  ),
]
