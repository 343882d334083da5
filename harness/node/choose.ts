import { z } from 'zod'
import { emailDomain } from '../../spec/email.ts'
import { parseJson } from '../../spec/json.ts'
import type { AuthorityReference } from '../../spec/wire/configuration.ts'
import { TripFailure } from '../failure.ts'
import type { ChooseAuthority } from '../resolve.ts'
import type { PrivateFolder } from './folder.ts'
import type { Io } from './io.ts'

export type Choosing = { io: Io; folder: PrivateFolder; authorities: Record<string, string>; signal: AbortSignal; service: string; user: string }

const Choice = z.looseObject({ format: z.literal(1), domain: z.string(), authority: z.string() })

const fileOf = (domain: string): string => `authority-${domain}.json`
const isChoice = (file: string): boolean => file.startsWith('authority-')

/** Picks one of several Authorities for the users of a domain: the settings' word, else the one a person chose before, else a person now, who is asked once. */
export function createChooser(d: Choosing): ChooseAuthority {
  const domain = emailDomain(d.user) ?? ''
  const at = { step: 'resolve' as const, peer: d.service }
  return async (offered) => {
    const find = (id: string | undefined) => offered.find(({ authority }) => authority === id)
    const ordered = d.authorities[domain]
    if (ordered !== undefined)
      return find(ordered) ?? none(at, offered, `the service does not offer ${ordered}, which the settings name for ${domain}`)
    const remembered = find(await recall(d, domain))
    if (remembered) return remembered
    const chosen = d.io.ask
      ? await askPerson(d, d.io.ask, offered)
      : none(at, offered, 'the service offers several authorities, and there is nobody to ask')
    await remember(d, domain, chosen.authority)
    return chosen
  }
}

function none(at: { step: 'resolve'; peer: string }, offered: AuthorityReference[], message: string): never {
  const ids = offered.map(({ authority }) => `--authority ${authority}`)
  throw new TripFailure(at, message, `choose one: ${ids.join(' or ')}`)
}

async function askPerson(d: Choosing, ask: NonNullable<Io['ask']>, offered: AuthorityReference[]): Promise<AuthorityReference> {
  d.io.err(`${d.service} lets one of these decide for ${d.user}:\n`)
  for (const [index, { authority }] of offered.entries()) d.io.err(`  ${index + 1}  ${authority}\n`)
  for (;;) {
    const answer = (await ask(`which one? [1-${offered.length}] `, d.signal)).trim()
    const chosen = /^\d{1,3}$/.test(answer) ? offered[Number(answer) - 1] : undefined
    if (chosen) return chosen
  }
}

/** What was chosen before, if it can be trusted; otherwise a person is asked again. */
async function recall({ folder, io }: Choosing, domain: string): Promise<string | undefined> {
  try {
    const text = await folder.read(fileOf(domain))
    if (text === undefined) return undefined
    const choice = Choice.parse(parseJson(text))
    if (choice.domain === domain) return choice.authority
  } catch {
    // said below, as for a choice that is another domain's
  }
  io.err(`agentpass: warning: ignored ${folder.path}/${fileOf(domain)}: it is garbled, or not for this user alone\n`)
  return undefined
}

/** A choice that cannot be kept is asked for again next time; that is no reason to fail now. */
async function remember(d: Choosing, domain: string, authority: string): Promise<void> {
  const choice = { format: 1, domain, authority }
  await d.folder.write(fileOf(domain), `${JSON.stringify(choice)}\n`).catch(() => d.io.err('agentpass: warning: the choice cannot be remembered\n'))
}

/** Forgets what persons chose. */
export async function forgetChoices(folder: PrivateFolder): Promise<void> {
  for (const file of (await folder.names()).filter(isChoice)) await folder.remove(file)
}
