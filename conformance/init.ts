import { chmodSync, existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createCa } from './actors/certificates.ts'
import { adapterText } from './init-text.ts'
import { Misuse } from './misuse.ts'
import type { Party } from './requirements.ts'

/** Writes a commented adapter for one party, and the suite's certificate authority beside it; gives the files. Replaces nothing: throws Misuse where one is there. */
export async function init(party: Party, dir: string): Promise<string[]> {
  const adapter = join(dir, `${party}.yaml`)
  const [cert, key] = [join(dir, 'suite-ca.pem'), join(dir, 'suite-ca.key')]
  if (existsSync(adapter)) throw new Misuse([`${adapter} is there already`], 'move it away, or name another folder with --dir')
  const made = [adapter]
  try {
    mkdirSync(dir, { recursive: true })
    if (!existsSync(cert) || !existsSync(key)) {
      const ca = await createCa()
      writeFileSync(key, ca.key, { mode: 0o600 })
      chmodSync(key, 0o600)
      writeFileSync(cert, ca.cert)
      made.push(cert, key)
    }
    writeFileSync(adapter, adapterText[party])
  } catch (cause) {
    throw new Misuse([`${dir} cannot be written: ${cause instanceof Error ? cause.message : cause}`], 'name another folder with --dir')
  }
  return made
}
