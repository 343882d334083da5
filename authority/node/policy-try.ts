import { existsSync } from 'node:fs'
import { print, printJson, say } from '../../spec/node/cli.ts'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import { readPartySettings } from '../../spec/node/server-party.ts'
import { pathBeside, readSettings, SettingsError } from '../../spec/node/settings.ts'
import { visible } from '../approve/visible.ts'
import { createCedarPolicy } from '../policy/cedar.ts'
import type { Policy } from '../policy/policy.ts'
import { createRules } from '../policy/rules.ts'
import { Situations, summaryOf, tryOut } from '../policy/situation.ts'
import { authority } from './authority.ts'
import { checkedFile, loadEngine } from './policy-file.ts'
import { inTable } from './policy-show.ts'

type Options = { config: string; json?: boolean }

/** Says whether a policy file is fine, and lists its policies. Throws OperatorError with every problem. */
export async function checkPolicy(file: string | undefined, o: Options): Promise<void> {
  const path = file ?? fileOfSettings(o.config)
  if (path === undefined) throw noFile()
  const { version, policies, warnings } = await checkedFile(path)
  const listed = policies.map(({ name, line, effect, says, approvers, approvals }) => ({ name, line, effect, reason: says, approvers, approvals }))
  if (o.json) return printJson({ file: path, version, policies: listed, warnings })
  for (const warning of warnings) say(`${authority.command}: warning: ${visible(warning)}`)
  print(inTable(listed))
  print(`${path} is fine: version ${version}`)
}

const noFile = () =>
  new OperatorError('the settings name no policy file: their rules decide', {
    exitCode: 2,
    hint: 'name a file, here or as policy.file in the settings',
  })

/** Tries a policy on situations. Throws OperatorError when one is not as expected. */
export async function testPolicy(situationsFile: string, o: Options & { policy?: string }): Promise<void> {
  const { defaults, situations } = readSettings(situationsFile, Situations)
  const policy = await policyToTry(o)
  const outcomes = situations.map((situation) => {
    try {
      return tryOut(policy, { ...defaults, ...situation })
    } catch (cause) {
      throw new SettingsError(situationsFile, [`${situation.name}: ${messageOf(cause)}`], { cause })
    }
  })
  const failed = outcomes.filter(({ differences }) => differences.length > 0)
  if (o.json) printJson({ situations: outcomes.map(({ name, answer, why, differences }) => ({ name, ...summaryOf(answer), why, differences })) })
  else
    for (const { name, why, differences } of outcomes) {
      print(`${differences.length === 0 ? '✔' : '×'} ${visible(name)}`)
      for (const line of differences.length === 0 ? [] : [...differences, ...why]) print(`    ${visible(line)}`)
    }
  if (failed.length > 0) throw new OperatorError(`${failed.length} of ${outcomes.length} situations are not as expected`)
  if (!o.json) print(`${outcomes.length} situations are as expected`)
}

/** The policy of a file that is named, else of the settings. Throws OperatorError with every problem. */
export async function policyToTry({ config, policy: named }: { config: string; policy?: string }): Promise<Policy> {
  const settings = named === undefined ? readPartySettings(authority, config) : undefined
  const file = named ?? fileOfSettings(config)
  if (file === undefined) return createRules(settings?.policy ?? { default: 'ask', rules: [] })
  const engine = await loadEngine()
  return createCedarPolicy(engine, await checkedFile(file), { slot: 'tried', timeZone: timeZoneOf(config, named) })
}

function fileOfSettings(config: string): string | undefined {
  const { file } = readPartySettings(authority, config).policy
  return file === undefined ? undefined : pathBeside(config, file)
}

/** A file that is named is tried in the time zone of the settings, where there are any beside it; else in UTC. Throws SettingsError for settings that are broken: in another zone it would decide otherwise. */
function timeZoneOf(config: string, named: string | undefined): string {
  if (named !== undefined && !existsSync(config)) return 'UTC'
  return readPartySettings(authority, config).policy.time_zone
}
