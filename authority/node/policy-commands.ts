import { type Command, Option } from 'commander'
import { jsonOption, withExample } from '../../spec/node/cli.ts'
import { partyConfigOption } from '../../spec/node/server-commands.ts'
import { systemNow } from '../../spec/node/settings.ts'
import { readSince } from '../../spec/node/since.ts'
import { authority } from './authority.ts'
import { withManagementOptions } from './decision-commands.ts'
import { printSchema, showPolicy } from './policy-show.ts'
import { checkPolicy, testPolicy } from './policy-try.ts'
import { endRemembered, listRemembered } from './remembered.ts'
import { simulatePolicy } from './simulate.ts'

const FILE = 'a policy file; without it, what the settings name'

/** The commands about policy: read, tried and simulated before it is put in force. */
export function addPolicyCommands(program: Command): void {
  const policy = program.command('policy').description('the policies that decide what is approved, asked about or denied')
  const name = 'agentpass-authority policy'
  withExample(policy, `${name} check`, `${name} test policy-test.yaml`, `${name} simulate --since 7d --policy next.cedar`)
  const local = (command: Command) => command.addOption(partyConfigOption(authority)).addOption(jsonOption())

  const check = local(policy.command('check').description('say whether a policy file is fine, and what its policies are')).argument('[file]', FILE)
  withExample(check, `${name} check policy.cedar`).action(checkPolicy)

  const test = local(
    policy.command('test').description('try a policy on situations, each with what is expected of it; exit code 1 when one is not as expected'),
  )
    .argument('<situations>', 'a YAML file of situations')
    .option('--policy <file>', FILE)
  withExample(test, `${name} test policy-test.yaml`).action(testPolicy)

  const simulate = local(
    policy.command('simulate').description('decide past requests again, changing nothing, and say what would have been decided otherwise'),
  )
    .addOption(
      new Option('--since <when>', 'how long ago, a day or a time: 12h, 2026-11-01; without it, 7d').argParser((text) =>
        readSince(text, systemNow()),
      ),
    )
    .option('--policy <file>', FILE)
    .option('--all', 'list every request that would be decided otherwise, and not the newest 20')
  withExample(simulate, `${name} simulate --since 7d --policy next.cedar`).action(simulatePolicy)

  withExample(
    policy.command('schema').description('print what policies may speak of, as a Cedar schema'),
    `${name} schema > agentpass.cedarschema`,
  ).action(printSchema)
  withExample(withManagementOptions(policy.command('show').description('show the policy that a running server has in force')), `${name} show`).action(
    showPolicy,
  )

  const remembered = program.command('remembered').description('the approvals that people had remembered: such requests are not asked about again')
  withExample(remembered, 'agentpass-authority remembered list', 'agentpass-authority remembered end Zm9vYmFyYmF6')
  withExample(withManagementOptions(remembered.command('list').description('list them')), 'agentpass-authority remembered list --json').action(
    listRemembered,
  )
  const end = withManagementOptions(remembered.command('end').description('end one: such requests are asked about again')).argument(
    '<ref>',
    'its reference',
  )
  withExample(end, 'agentpass-authority remembered end Zm9vYmFyYmF6').action(endRemembered)
}
