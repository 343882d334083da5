import type { Truth } from '../actors/dns-answer.ts'
import { DNS_FAULTS, UNUSABLE_VALUES } from '../actors/dns-faults.ts'
import type { Case } from '../case.ts'
import type { HarnessStage, HarnessWorld } from './stage.ts'
import { expectStopAtRecord } from './trip.ts'

/** Where a Harness that guesses would find the document. */
const documentPath = '/.well-known/agentpass-service'
const guessable = (s: HarnessStage): HarnessWorld => s.world({ service: { documentPath } })

const LOOK_UPS: readonly { slug: string; about: string; truth: (url: string) => Truth; slow?: true }[] = [
  { slug: 'absent', about: 'the Service has no record', truth: () => ({ kind: 'nxdomain' }) },
  ...DNS_FAULTS.filter(({ slug }) => ['servfail', 'refused', 'timeout'].includes(slug)),
]
const VALUES = ['http', 'javascript', 'userinfo', 'fragment', 'control']

/** A Service's record that cannot be had, or says nothing usable (§3.2.1, §5.2.1): nothing is fetched and nothing guessed, though the document is where one might look. */
export const record: Case<HarnessStage>[] = [
  ...LOOK_UPS.map(
    ({ slug, about, truth, slow }): Case<HarnessStage> => ({
      id: `DISC-SVC-01/harness-${slug}`,
      about,
      negative: true,
      ...(slow && { slow }),
      run: async (s) => {
        const w = guessable(s)
        s.ground.dns.answer(w.service.record, truth(w.service.configurationUrl))
        await expectStopAtRecord(s, w)
      },
    }),
  ),
  {
    id: 'DISC-SVC-01/harness-two',
    about: 'there are two records with two URLs',
    negative: true,
    run: async (s) => {
      const w = guessable(s)
      const { configurationUrl: url } = w.service
      s.ground.dns.publish(w.service.record, [url, `${url}?other`])
      await expectStopAtRecord(s, w)
    },
  },
  ...UNUSABLE_VALUES.filter(({ slug }) => VALUES.includes(slug)).map(
    ({ slug, about, values }): Case<HarnessStage> => ({
      id: `DISC-SVC-03/harness-${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const w = guessable(s)
        s.ground.dns.publish(w.service.record, values(w.service.configurationUrl))
        await expectStopAtRecord(s, w)
      },
    }),
  ),
  {
    id: 'DISC-SVC-04/harness',
    about: 'the record is the word none',
    negative: true,
    run: async (s) => {
      const w = guessable(s)
      s.ground.dns.publish(w.service.record, ['none'])
      await expectStopAtRecord(s, w)
    },
  },
]
