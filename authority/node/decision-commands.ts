import { type Command, Option } from 'commander'
import { collect, jsonOption, withExample } from '../../spec/node/cli.ts'
import { partyConfigOption } from '../../spec/node/server-commands.ts'
import { authority } from './authority.ts'
import { ACTS, type DecisionOptions, decide, listRequests, showRequest } from './decisions.ts'
import { revoke } from './revocations.ts'

const STATUSES = ['pending', 'approved', 'denied', 'expired', 'canceled']
const REF = 'the request, by its reference'
const SCOPE = 'a scope; may be given several times'

/** The commands that speak to a running Authority's management door: look at requests, and decide. */
export function addDecisionCommands(program: Command): void {
  const requests = withManagementOptions(program.command('requests').description('list the newest requests'))
    .addOption(new Option('--status <status>', 'only those').choices(STATUSES))
    .action(listRequests)
  withExample(requests, 'agentpass-authority requests --status pending')
  const show = withManagementOptions(requests.command('show').description('show all that an approver must see')).argument('<ref>', REF)
  withExample(show, 'agentpass-authority requests show 9hX2kQzP0aVw').action(showRequest)

  decision(program, 'approve', 'approve a pending request, as it was shown', 'approve 9hX2kQzP0aVw --scope tickets:read').option(
    '--scope <scope>',
    `${SCOPE}; without it, all that is offered`,
    collect,
  )
  decision(program, 'deny', 'deny a pending request', 'deny 9hX2kQzP0aVw --reason "not on a Friday"').option(
    '--reason <reason>',
    'why, for the agent and the audit trail',
  )
  decision(program, 'cancel', 'cancel a pending request', 'cancel 9hX2kQzP0aVw')
  revocation(program)
  decision(program, 'narrow', 'leave a live authorization only these scopes', 'narrow 9hX2kQzP0aVw --scope tickets:read').requiredOption(
    '--scope <scope>',
    SCOPE,
    collect,
  )
}

function decision(program: Command, name: keyof typeof ACTS, about: string, example: string): Command {
  const command = withManagementOptions(program.command(name).description(about))
    .argument('<ref>', REF)
    .option('--digest <digest>', 'of what was shown: without it, that is shown now')
    .option('--yes', 'do not ask')
    .action((ref: string, o: DecisionOptions) => decide(ACTS[name], ref, o))
  return withExample(command, `agentpass-authority ${example}`)
}

function revocation(program: Command): void {
  const about = 'end what a request led to, its unused pass or its authorization; or everything alive that one of the options means'
  const command = withManagementOptions(program.command('revoke').description(about))
    .argument('[ref]', REF)
    .option('--authorization <id>', 'this authorization')
    .option('--user <email>', 'of this user')
    .option('--service <origin>', 'at this service')
    .option('--harness-key <thumbprint>', 'of this holder key, as requests show prints it')
    .option('--all', 'emergency stop: all there is')
    .option('--reason <reason>', 'why: for the audit trail, and for the agents whose requests are denied')
    .option('--digest <digest>', 'of what was shown of the one request: without it, that is shown now')
    .option('--yes', 'do not ask')
    .action(revoke)
  withExample(command, 'agentpass-authority revoke 9hX2kQzP0aVw --reason "laptop lost"', 'agentpass-authority revoke --user ada@acme.example --yes')
}

/** Where the management door is, and `--json`. */
export const withManagementOptions = (command: Command): Command =>
  command
    .addOption(partyConfigOption(authority))
    .option('--management <url>', 'the management door, when it is not where the settings say')
    .option('--ca <file>', 'PEM certificate to trust there')
    .addOption(jsonOption())
