import type { Command } from 'commander'
import { backupParty } from '../../spec/node/backup.ts'
import { jsonOption, withExample } from '../../spec/node/cli.ts'
import { partyConfigOption } from '../../spec/node/server-commands.ts'
import { authority } from './authority.ts'
import { restore } from './restore.ts'

/** The commands by which an Authority's database is saved and brought back. */
export function addBackupCommands(program: Command): void {
  const backup = program
    .command('backup')
    .description('copy the SQLite database whole into a new file, beside a running server too; for PostgreSQL, say what does it')
    .argument('<file>', 'the file to make; one that exists is not replaced')
    .addOption(partyConfigOption(authority))
    .addOption(jsonOption())
    .action((file: string, o: { config: string; json?: boolean }) => backupParty(authority, file, o))
  withExample(backup, 'agentpass-authority backup /var/backups/agentpass/authority.db')
  const about = 'take a backup into use, while no server runs: whatever was alive in it is ended, for some of it may have been used or revoked since'
  const command = program
    .command('restore')
    .description(about)
    .option('--from <file>', 'the backup of a SQLite database; it is left as it is')
    .option('--replace', 'where there is a database: it is kept beside the new one, under another name')
    .option('--in-place', 'what the settings name was brought back by other means, such as pg_restore: end what is alive in it')
    .option('--keep-keys', 'keep passkeys and registered keys of harnesses, where nobody has removed one since the backup')
    .option('--yes', 'do not ask')
    .addOption(partyConfigOption(authority))
    .addOption(jsonOption())
    .action(restore)
  withExample(command, 'agentpass-authority restore --from /var/backups/agentpass/authority.db --replace', 'agentpass-authority restore --in-place')
}
