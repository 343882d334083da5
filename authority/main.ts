#!/usr/bin/env node
import { collect, createProgram, run, withExample } from '../spec/node/cli.ts'
import { initParty } from '../spec/node/init.ts'
import { addInitCommand, addServerCommands, commonSettings, type InitOptions } from '../spec/node/server-commands.ts'
import { authority } from './node/authority.ts'
import { addBackupCommands } from './node/backup-commands.ts'
import { addDecisionCommands } from './node/decision-commands.ts'
import { addHarnessCommands } from './node/harness-commands.ts'
import { addNotifyCommands } from './node/notify-commands.ts'
import { addPolicyCommands } from './node/policy-commands.ts'
import { authoritySettingsText } from './node/settings-text.ts'

const program = createProgram(authority.command, 'An AgentPass Authority: decides what agents may do for its users, and issues passes.', [
  'init --authority https://authority.acme.example --domain acme.example',
  'serve',
  'requests --status pending',
  'approve 9hX2kQzP0aVw',
])

const init = addInitCommand(program, { listen: '127.0.0.1:8443', management: '127.0.0.1:9443' })
  .requiredOption('--authority <url>', 'the authority identifier: where it is reached from outside')
  .requiredOption('--domain <domain>', 'an e-mail domain it serves; may be given several times', collect)
  .action((o: InitOptions & { authority: string; domain: string[] }) =>
    initParty(authority, { ...o, text: authoritySettingsText(o.authority, o.domain, commonSettings(o)) }),
  )
withExample(init, `${authority.command} init --authority https://authority.acme.example --domain acme.example --dir /etc/agentpass`)

addServerCommands(program, authority)
addBackupCommands(program)
addDecisionCommands(program)
addHarnessCommands(program)
addNotifyCommands(program)
addPolicyCommands(program)
await run(program, process.argv)
