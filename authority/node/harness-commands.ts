import type { Command } from 'commander'
import { withExample } from '../../spec/node/cli.ts'
import { withManagementOptions } from './decision-commands.ts'
import { addKey, listKeys, removeKey } from './harness-keys.ts'

/** The commands for the keys of Harnesses that are registered with a running Authority, by its management door. */
export function addHarnessCommands(program: Command): void {
  const harness = program.command('harness').description('the registered keys of harnesses: a request bound to one is of the tier registered')
  withExample(harness, 'agentpass-authority harness add build-farm.jwk --name "build farm"', 'agentpass-authority harness list')

  const add = withManagementOptions(harness.command('add').description('register the public key of a harness'))
    .argument('[file]', 'the public key, as a JWK in a JSON file')
    .option('--jwk <json>', 'the public key itself, as a JWK')
    .option('--thumbprint <thumbprint>', 'the thumbprint of the key (RFC 7638, SHA-256), where that is all there is')
    .requiredOption('--name <name>', 'whose key it is: approvers are shown this name')
    .action(addKey)
  withExample(
    add,
    'agentpass-authority harness add build-farm.jwk --name "build farm"',
    'agentpass-authority harness add --thumbprint NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs --name "build farm"',
  )
  const list = withManagementOptions(harness.command('list').description('list the registered keys, the newest first')).action(listKeys)
  withExample(list, 'agentpass-authority harness list')
  const remove = withManagementOptions(
    harness.command('remove').description('remove a registered key; what was asked for with it before stays as it is'),
  )
    .argument('<thumbprint>', 'the key, by its thumbprint')
    .action(removeKey)
  withExample(remove, 'agentpass-authority harness remove NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs')
}
