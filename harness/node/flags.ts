import { Option } from 'commander'
import { collect } from '../../spec/node/cli.ts'

/** `--config FILE`: another settings file than this user's own. */
export const config = () => new Option('--config <file>', 'the settings file (default: $XDG_CONFIG_HOME/agentpass/config.yaml)')

/** `--user EMAIL`. */
export const user = () => new Option('--user <email>', 'for whom the agent acts (default: AGENTPASS_USER, or the settings)')

/** `--authority ID`. */
export const authority = () => new Option('--authority <id>', 'the only authority that will do, where the service offers several')

/** `--scope NAME`, several times. */
export const scope = (text: string) => new Option('--scope <name>', `${text}; may be repeated`).argParser(collect)
