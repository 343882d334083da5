import type { Command } from 'commander'
import { createProgram, jsonOption, withExample } from '../../../spec/node/cli.ts'
import { initParty } from '../../../spec/node/init.ts'
import type { Listen } from '../../../spec/node/serve.ts'
import { addInitCommand, addServerCommands, commonSettings, type InitOptions } from '../../../spec/node/server-commands.ts'
import { misuse } from '../options.ts'
import { untilAborted } from '../patience.ts'
import { asJson } from '../print.ts'
import { type Outside, openUser } from '../trip.ts'
import { broker } from './fleet.ts'
import { openPersonalBroker } from './personal.ts'
import { AGENT_CREDENTIAL_FILE, brokerSettingsText } from './settings-text.ts'

type BrokerOptions = { listen: string; socket?: string; json?: boolean; config?: string }

export const DEFAULT_LISTEN = '127.0.0.1:8733'

const ABOUT = 'A broker that holds keys and tokens for agents, and lends them the act alone: for yourself on this machine, or (serve) for a fleet.'
const AFTER = `
Without a command it serves this user alone, on loopback or a Unix socket; agents show the token in its file. MCP clients connect to /mcp.
`

/** `agentpass broker …`, as a command line of its own. */
export function createBrokerCommands(o: Outside): Command {
  const program = createProgram(broker.command, ABOUT, [
    '',
    `--listen ${DEFAULT_LISTEN}`,
    'init --broker https://broker.acme.example --dir /etc/agentpass',
    'serve --config /etc/agentpass/broker.yaml',
  ])
    .addHelpText('after', AFTER)
    .option('--listen <host:port>', 'where agents reach it: an address of this machine alone', DEFAULT_LISTEN)
    .option('--socket <file>', 'a Unix socket instead, in a folder of your own')
    .option('--config <file>', 'the settings of the agentpass command (default: $XDG_CONFIG_HOME/agentpass/config.yaml)')
    .addOption(jsonOption())
    .action((options: BrokerOptions) => servePersonal(o, options))
  const init = addInitCommand(program, { listen: '127.0.0.1:8743', management: '127.0.0.1:9743' })
    .requiredOption('--broker <origin>', "the broker's own origin: where agents reach it")
    .action((options: InitOptions & { broker: string }) =>
      initParty(broker, { ...options, text: brokerSettingsText(options.broker, commonSettings(options)), credentials: [AGENT_CREDENTIAL_FILE] }),
    )
  withExample(init, `${broker.command} init --broker https://broker.acme.example --dir /etc/agentpass`)
  addServerCommands(program, broker)
  program.hook('preAction', (_, command) => {
    if (command.name() === 'serve') o.divertSignals(() => {}) // it stops gracefully by itself
  })
  return program
}

/** Serves this user until the command is interrupted; what is held stays, under the master key. */
async function servePersonal(o: Outside, options: BrokerOptions): Promise<void> {
  const listen = readListen(options)
  const opened = await openUser(o, options.config)
  const own = await openPersonalBroker(o, opened, listen)
  try {
    const where = options.socket ?? own.url
    const ready = { broker: where, token_file: own.tokenFile, mcp: `${own.url}/mcp` }
    await o.io.out(
      options.json
        ? asJson(ready)
        : `the broker is ready at ${where}\nagents show the token in ${own.tokenFile}; MCP clients connect to ${own.url}/mcp\n`,
    )
    await untilStopped(o)
  } finally {
    await own.close()
  }
}

/** Waits for a signal that ends this process: to stop is no failure of a server. */
async function untilStopped(o: Outside): Promise<void> {
  const told = new AbortController()
  const undivert = o.divertSignals(() => told.abort())
  await Promise.race([untilAborted(o.signal), untilAborted(told.signal)])
  undivert()
}

function readListen({ listen, socket }: BrokerOptions): Listen {
  if (socket !== undefined) return { host: '', port: 0, socket }
  const [, bracketed, plain, port] = /^(?:\[(::1)\]|(127\.0\.0\.1|localhost)):(\d{1,5})$/.exec(listen) ?? []
  const host = bracketed ?? plain
  if (host === undefined || Number(port) > 65_535)
    throw misuse(
      `--listen ${listen} is no address of this machine alone`,
      `give one such as ${DEFAULT_LISTEN}; for other machines there is ${broker.command} serve`,
    )
  return { host, port: Number(port) }
}
