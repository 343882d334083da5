import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'

/** A file of certificates in a folder of its own, both for this user alone. `remove` takes them away. */
export type Trust = { file: string; remove: () => Promise<void> }

/** Writes down whom a program is to trust: the usual roots, those of the settings, and the run's own. No key is among them. */
export async function writeTrust(own: string, settingsCaFile: string | undefined): Promise<Trust> {
  const settings = settingsCaFile === undefined ? [] : [await readFile(settingsCaFile, 'utf8')]
  const folder = await mkdtemp(join(tmpdir(), 'agentpass-run-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  const file = join(folder, 'certificates.pem')
  try {
    const text = [...rootCertificates, ...settings, own].map((pem) => `${pem.trim()}\n`).join('')
    await writeFile(file, text, { flag: 'wx', mode: 0o600 })
    return { file, remove }
  } catch (failure) {
    await remove()
    throw failure
  }
}
