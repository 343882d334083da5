/** A mail server of Debian's, with its settings, its queue and its one mailbox in a folder of the test's own: the machine's mail is left as it is. */
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { temporaryFolder } from './folders.ts'
import { type Received, readMail } from './smtp-server.ts'

const QUEUES = ['active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming', 'maildrop', 'private', 'public', 'saved', 'trace']
/** Nobody of the machine is Postfix's: it runs as users that every Debian has and that own nothing. */
const idOf = (file: 'passwd' | 'group', name: string): number => {
  const lines = readFileSync(`/etc/${file}`, 'utf8').split('\n')
  return Number(lines.find((line) => line.startsWith(`${name}:`))?.split(':')[2])
}

/** Starts Postfix on a free port of loopback, which takes mail over STARTTLS alone, for everybody at `domain`. Undefined where it cannot run, which is said loudly. */
export async function startPostfix({ tls, domain }: { tls: { key: string; cert: string }; domain: string }) {
  const root = findPostfix()
  if (root === undefined) return undefined
  const [folder, port] = [temporaryFolder(), await freePort()]
  const at = (name: string) => join(folder, name)
  execFileSync('chmod', ['755', folder])
  const [daemon, nobody] = [idOf('passwd', 'daemon'), idOf('passwd', 'nobody')]
  for (const name of ['config', 'spool', 'spool/pid']) mkdirSync(at(name))
  for (const name of [...QUEUES.map((queue) => `spool/${queue}`), 'data']) own(at(name), daemon)
  own(at('boxes'), nobody)
  chownSync(at('spool/public'), daemon, idOf('group', 'backup'))
  writeFileSync(at('config/key.pem'), tls.key, { mode: 0o600 })
  writeFileSync(at('config/cert.pem'), tls.cert)
  writeFileSync(at('config/main.cf'), mainSettings({ root, folder, domain, nobody }))
  writeFileSync(at('config/master.cf'), services(port))
  const env = { ...process.env, LD_LIBRARY_PATH: join(root, 'usr/lib/postfix'), MAIL_CONFIG: at('config') }
  const master = spawn(join(root, 'usr/lib/postfix/sbin/master'), ['-c', at('config'), '-d'], {
    cwd: at('spool'),
    env,
    detached: true,
    stdio: 'ignore',
  })
  onTestFinished(async () => {
    const ended = once(master, 'exit')
    master.kill('SIGTERM') // it ends its children
    await ended
  })
  return {
    port,
    /** What arrived, the oldest first. */
    mails: (): Received[] => (existsSync(at('boxes/inbox')) ? mailsIn(readFileSync(at('boxes/inbox'), 'utf8')) : []),
    log: () => readFileSync(at('spool/log'), 'utf8'),
  }
}

function own(folder: string, user: number): void {
  mkdirSync(folder)
  chownSync(folder, user, 0)
}

/** Where Postfix is unpacked: the machine's own, or its package in a folder, where no script of it runs and nothing is installed. */
function findPostfix(): string | undefined {
  if (process.getuid?.() === 0 && existsSync('/usr/bin/dpkg-deb')) {
    if (existsSync('/usr/lib/postfix/sbin/master')) return '/'
    const folder = temporaryFolder()
    execFileSync('chmod', ['755', folder])
    const apt = (...args: string[]) => spawnSync('apt-get', args, { cwd: folder, stdio: 'ignore' }).status === 0
    if (apt('download', 'postfix') || (apt('update') && apt('download', 'postfix'))) {
      const [deb = ''] = readdirSync(folder)
      spawnSync('dpkg-deb', ['-x', deb, 'root'], { cwd: folder })
      const root = join(folder, 'root')
      const env = { ...process.env, LD_LIBRARY_PATH: join(root, 'usr/lib/postfix') }
      if (spawnSync(join(root, 'usr/sbin/postconf'), ['-d', 'mail_version'], { env }).status === 0) return root
    }
  }
  process.stderr.write('\nPostfix is NOT here and cannot be had (as root on Debian it is): no mail is handed to a real server\n\n')
  return undefined
}

const mainSettings = ({ root, folder, domain, nobody }: { root: string; folder: string; domain: string; nobody: number }): string => `
compatibility_level = 3.6
queue_directory = ${folder}/spool
data_directory = ${folder}/data
daemon_directory = ${join(root, 'usr/lib/postfix/sbin')}
command_directory = ${join(root, 'usr/sbin')}
shlib_directory = ${join(root, 'usr/lib/postfix')}
meta_directory = ${folder}/config
mail_owner = daemon
setgid_group = backup
import_environment = MAIL_CONFIG LD_LIBRARY_PATH
export_environment = MAIL_CONFIG LD_LIBRARY_PATH
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.${domain}
mydestination =
alias_maps =
mynetworks = 127.0.0.0/8
maillog_file = ${folder}/spool/log
maillog_file_prefixes = ${folder}
smtpd_tls_cert_file = ${folder}/config/cert.pem
smtpd_tls_key_file = ${folder}/config/key.pem
smtpd_tls_security_level = encrypt
smtpd_recipient_restrictions = permit_mynetworks, reject
virtual_mailbox_domains = ${domain}
virtual_mailbox_base = ${folder}/boxes
virtual_mailbox_maps = static:inbox
virtual_uid_maps = static:${nobody}
virtual_gid_maps = static:${nobody}
`

const services = (port: number): string => `
${port} inet n - n - - smtpd
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
proxymap unix - - n - - proxymap
virtual unix - n n - - virtual
error unix - - n - - error
anvil unix - - n - 1 anvil
postlog unix-dgram n - n - 1 postlogd
`

const mailsIn = (mbox: string): Received[] =>
  mbox
    .split(/^From .*\n/m)
    .slice(1)
    .map((raw) => {
      const to = /^Delivered-To: (.*)$/m.exec(raw)?.[1] ?? ''
      const from = /^Return-Path: <(.*)>$/m.exec(raw)?.[1] ?? ''
      return readMail({ from, to }, raw.replaceAll('\n', '\r\n'))
    })

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address ? address.port : 0
}
