import type { Command } from 'commander'
import { canonicalAddress, emailAddress } from '../../spec/email.ts'
import { jsonOption, print, printJson, withExample } from '../../spec/node/cli.ts'
import type { Network } from '../../spec/node/network.ts'
import { OperatorError } from '../../spec/node/operator-error.ts'
import { partyConfigOption } from '../../spec/node/server-commands.ts'
import { equip, readPartySettings } from '../../spec/node/server-party.ts'
import { systemNow, systemRandom } from '../../spec/node/settings.ts'
import type { Delivery } from '../notify/delivery.ts'
import { post } from '../notify/post.ts'
import { testMail, testMessage } from '../notify/test-message.ts'
import type { AuthoritySettings } from '../settings.ts'
import { authority } from './authority.ts'
import { mailerOf, webhookOf } from './notifications.ts'

type Options = { config: string; json?: boolean; email?: string; webhook?: string }
type Ready = { settings: AuthoritySettings; secrets: Record<string, string>; network: Network }

/** The command by which an operator sees whether notifications arrive, before anybody waits for one. */
export function addNotifyCommands(program: Command): void {
  const notify = withExample(program.command('notify').description('the notifications'), 'agentpass-authority notify test --email ada@acme.example')
  const test = notify
    .command('test')
    .description('send one test message with the settings as they are, and say what came of it; no server needs to run')
    .addOption(partyConfigOption(authority))
    .option('--email <address>', 'a mail to this address')
    .option('--webhook <name>', 'a message to this webhook of the settings')
    .addOption(jsonOption())
    .action(sendTest)
  withExample(test, 'agentpass-authority notify test --email ada@acme.example', 'agentpass-authority notify test --webhook security-channel')
}

async function sendTest({ config, json, email, webhook }: Options): Promise<void> {
  if ((email === undefined) === (webhook === undefined))
    throw new OperatorError('it is not said where the message is to go', { exitCode: 2, hint: 'name one of --email ADDRESS and --webhook NAME' })
  const settings = readPartySettings(authority, config)
  const { ownSecrets: secrets, network } = equip(authority, config, settings)
  try {
    const ready = { settings, secrets, network }
    const { to, delivery } = email === undefined ? await postTo(ready, webhook ?? '') : await mailTo(ready, email)
    if (delivery !== 'sent') throw new OperatorError(delivery.failure, { hint: delivery.hint })
    if (json) printJson({ sent: to })
    else print(`sent: ${to}`)
  } finally {
    await network.close()
  }
}

type Sent = { to: string; delivery: Delivery }

async function mailTo({ settings, secrets }: Ready, email: string): Promise<Sent> {
  if (!emailAddress.safeParse(email).success) throw new OperatorError(`${email} is no e-mail address`, { exitCode: 2 })
  const mailer = settings.notifications && mailerOf(settings.notifications, secrets, settings.authority)
  if (!mailer) throw new OperatorError('the settings name no mail server', { exitCode: 2, hint: 'it is notifications.email' })
  try {
    const mail = { id: systemRandom(16), to: canonicalAddress(email), before: [], at: systemNow(), ...testMail(settings.authority) }
    return { to: `the mail server has taken a mail for ${email}`, delivery: await mailer.send(mail) }
  } finally {
    mailer.close()
  }
}

async function postTo({ settings, secrets, network }: Ready, name: string): Promise<Sent> {
  const all = settings.notifications?.webhooks ?? []
  const found = all.find((one) => one.name === name)
  if (!found) {
    const names = all.map((one) => one.name).join(', ')
    throw new OperatorError(`the settings name no webhook ${name}`, {
      exitCode: 2,
      hint: names ? `there are: ${names}` : 'they are notifications.webhooks',
    })
  }
  const at = systemNow()
  const body = JSON.stringify(testMessage(found.shape, settings.authority, at))
  return { to: `${name} has taken a message`, delivery: await post(network.fetch, webhookOf(found, secrets), { id: systemRandom(16), at, body }) }
}
