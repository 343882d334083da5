import type { Dns } from '../actors/dns.ts'
import type { Truth } from '../actors/dns-answer.ts'
import { DNS_FAULTS, UNUSABLE_VALUES } from '../actors/dns-faults.ts'
import type { Case } from '../case.ts'
import type { HarnessStage } from './stage.ts'
import { expectStopAtRecord } from './trip.ts'

/** Where a Harness that guesses would find the document. */
const documentPath = '/.well-known/agentpass-service'

/** DNS comes to say something else than the URL of a document that is there all the same: the Harness stops. */
async function expectNoGuess(s: HarnessStage, say: (dns: Dns, name: string, url: string) => void): Promise<void> {
  const w = s.world({ service: { documentPath } })
  say(s.ground.dns, w.service.record, w.service.configurationUrl)
  await expectStopAtRecord(s, w)
}

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
      run: (s) => expectNoGuess(s, (dns, name, url) => dns.answer(name, truth(url))),
    }),
  ),
  {
    id: 'DISC-SVC-01/harness-two',
    about: 'there are two records with two URLs',
    negative: true,
    run: (s) => expectNoGuess(s, (dns, name, url) => dns.publish(name, [url, `${url}?other`])),
  },
  ...UNUSABLE_VALUES.filter(({ slug }) => VALUES.includes(slug)).map(
    ({ slug, about, values }): Case<HarnessStage> => ({
      id: `DISC-SVC-03/harness-${slug}`,
      about,
      negative: true,
      run: (s) => expectNoGuess(s, (dns, name, url) => dns.publish(name, values(url))),
    }),
  ),
  {
    id: 'DISC-SVC-04/harness',
    about: 'the record is the word none',
    negative: true,
    run: (s) => expectNoGuess(s, (dns, name) => dns.publish(name, ['none'])),
  },
]
