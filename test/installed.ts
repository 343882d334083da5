/** Programs of other people that tests run. */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'

/** Where a program is, in a folder of PATH; undefined where it is in none. */
export const findOnPath = (name: string): string | undefined =>
  (process.env.PATH ?? '')
    .split(':')
    .map((folder) => join(folder, name))
    .find((path) => existsSync(path))

/** Installs a Debian package, as root on Debian. Whether it did. */
export function aptInstall(name: string): boolean {
  if (process.getuid?.() !== 0 || !existsSync('/usr/bin/apt-get')) return false
  process.stderr.write(`tests: ${name} is not here, installing it\n`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  return ['update', `install -y ${name}`].every((args) => spawnSync('apt-get', args.split(' '), { stdio: 'ignore', env }).status === 0)
}

/** Which of these programs are neither here nor could be installed, from packages of their names; what is not tested for it is said loudly. */
export function findMissing(programs: string[], tested: string): string[] {
  const missing = programs.filter((name) => !findOnPath(name) && !(aptInstall(name) && findOnPath(name)))
  if (missing.length > 0) process.stderr.write(`\n${missing.join(' and ')} NOT here: ${tested} is not tested\n\n`)
  return missing
}
