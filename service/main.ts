#!/usr/bin/env node
import { createProgram, run, withExample } from '../spec/node/cli.ts'
import { initParty } from '../spec/node/init.ts'
import { addInitCommand, addServerCommands, commonSettings, type InitOptions } from '../spec/node/server-commands.ts'
import { service } from './node/service.ts'
import { serviceSettingsText } from './node/settings-text.ts'

const program = createProgram(service.command, 'An AgentPass Service: a gateway that lets agents with a pass into an unmodified app.', [
  'init --service https://desk.example --upstream http://127.0.0.1:3000',
  'check-config',
  'serve',
])

const init = addInitCommand(program, { listen: '127.0.0.1:8543', management: '127.0.0.1:9543' })
  .requiredOption('--service <origin>', 'the service origin: where agents reach the gateway from outside')
  .requiredOption('--upstream <url>', 'the app behind it')
  .action((o: InitOptions & { service: string; upstream: string }) =>
    initParty(service, { ...o, text: serviceSettingsText(o.service, o.upstream, commonSettings(o)) }),
  )
withExample(init, `${service.command} init --service https://desk.example --upstream http://127.0.0.1:3000 --dir /etc/agentpass`)

addServerCommands(program, service)
await run(program, process.argv)
