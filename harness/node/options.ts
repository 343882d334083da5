import { Option } from 'commander'
import { emailAddress } from '../../spec/email.ts'
import { collect } from '../../spec/node/cli.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { authorityIdentifier, browserUrl, httpsUrl } from '../../spec/origin.ts'

/** A command line that says nothing that can be done: exit 2. */
export const misuse = (message: string, hint: string): OperatorError => new OperatorError(message, { hint, exitCode: 2 })

/** The options that several commands share. */
export const shared = {
  config: () => new Option('--config <file>', 'the settings file (default: $XDG_CONFIG_HOME/agentpass/config.yaml)'),
  user: () => new Option('--user <email>', 'for whom the agent acts (default: AGENTPASS_USER, or the settings)'),
  authority: () => new Option('--authority <id>', 'the only authority that will do, where the service offers several'),
  scope: (text: string) => new Option('--scope <name>', `${text}; may be repeated`).argParser(collect),
}

const MAX_TASK_CHARS = 16_384
const MAX_SCOPE_CHARS = 1024

/** The Service meant by `--service`, as its origin. */
export function requireService(text: string): string {
  if (!httpsUrl.safeParse(text).success)
    throw misuse(`--service ${text} is no https URL`, 'name the origin of the service, such as https://desk.example')
  const { origin, pathname, search } = new URL(text)
  if (pathname !== '/' || search !== '') throw misuse(`--service ${text} is more than an origin`, `use --service ${origin}`)
  return origin
}

/** The user, by the option or the settings. */
export function requireUser(user: string | undefined): string {
  if (user === undefined) throw misuse('for which user?', 'give --user, set AGENTPASS_USER, or name the user in the settings')
  return requireAddress(user)
}

/** An e-mail address as Authorities and Services take it. */
export function requireAddress(user: string): string {
  if (!emailAddress.safeParse(user).success) throw misuse(`--user ${user} is no e-mail address`, 'give one such as ada@acme.example')
  return user
}

/** A task as a person will read it before they decide. */
export function requireTask(task: string): string {
  if (task.trim() === '') throw misuse('--task is empty', 'say in a sentence what is to be done: an approver reads it')
  if (task.length > MAX_TASK_CHARS) throw misuse(`--task has more than ${MAX_TASK_CHARS} characters`, 'say in a sentence what is to be done')
  return task
}

/** Scopes, each once; undefined where none was named. */
export function readScope(scope: string[] | undefined): string[] | undefined {
  if (scope?.some((name) => name === '' || name.length > MAX_SCOPE_CHARS))
    throw misuse('--scope is empty or too long', 'give one such as tickets:read')
  return scope && [...new Set(scope)]
}

/** The page a browser session is for. */
export function requireDestination(url: string): string {
  if (!browserUrl.safeParse(url).success) throw misuse(`--destination ${url} is no https URL`, 'give one such as https://desk.example/tickets/17')
  return url
}

/** The Authority that alone will do. */
export function requireAuthority(id: string): string {
  if (!authorityIdentifier.safeParse(id).success)
    throw misuse(`--authority ${id} is no authority identifier`, 'give one such as https://authority.example, exactly as the service spells it')
  return id
}
