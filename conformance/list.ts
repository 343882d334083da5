import { type CaseChoice, casesOf, isChosen } from './cases.ts'
import { PARTIES, type Party, type Requirement, requirementOf, requirements } from './requirements.ts'

/** What no wire can show, and a person has to look at: with what is to be looked at. */
export const HUMAN_CHECKED: Readonly<Record<string, string>> = {
  'VER-08': 'Does the documentation say which versions of the protocol are supported?',
  'HAR-TIER-01': 'Does the documentation of the Authority say which trust tiers it accepts?',
  'AUTH-CHK-08': 'The id of the authorization of an unredeemed pass is not on the wire: is it unknown to authorization_check before redemption?',
  'SVC-TOK-03': 'Are tokens stored as digests alone? (That they are unguessable and go in a header is judged.)',
  'SVC-AUD-01': 'Does the audit log name user.email, agent.id and task.id of each redemption, as the Authority reported them?',
  'SVC-AUD-02': 'Does it name the request’s id, the Authority, the Harness and the outcome?',
  'AUTH-AUD-01': 'Is every issuance, decision, validation, check, close and revocation recorded with who and when, append-only?',
  'SVC-RES-18': 'Can an operator’s own resolution code return an Authority that the rules exclude?',
}

export type Listed = {
  id: string
  party: Party
  about: string
  negative: boolean
  level: Requirement['level']
  origin: Requirement['origin']
  section: string
  statement: string
}

/** Every case there is, as `list` shows it. */
export const listCases = (choice: CaseChoice & { party?: Party | undefined; level?: string | undefined }): Listed[] =>
  PARTIES.filter((party) => choice.party === undefined || party === choice.party).flatMap((party) =>
    casesOf[party]
      .filter((one) => isChosen(one, choice))
      .map(({ id, about, negative = false }) => {
        const { level, origin, section, statement } = requirementOf(id)
        return { id, party, about, negative, level, origin, section, statement }
      })
      .filter(({ level }) => choice.level === undefined || level === choice.level),
  )

/** How much of the requirements the cases cover. `uncovered` are the MUSTs that the wire can show and no case judges. */
export function coverage() {
  const all = listCases({})
  const judged = new Set(all.map(({ id }) => id.split('/')[0] ?? id))
  const tally = <K extends string>(keys: readonly K[], of: (one: Listed) => K) =>
    Object.fromEntries(keys.map((key) => [key, all.filter((one) => of(one) === key).length]))
  return {
    cases: all.length,
    negative: all.filter(({ negative }) => negative).length,
    byParty: tally(PARTIES, ({ party }) => party),
    byOrigin: tally(['draft-0.1', 'hardening', 'derived'], ({ origin }) => origin),
    uncovered: requirements.filter(({ id, level }) => level === 'MUST' && !judged.has(id) && !(id in HUMAN_CHECKED)).map(({ id }) => id),
    humanChecked: Object.keys(HUMAN_CHECKED),
  }
}
