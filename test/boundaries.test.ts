import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'

/** What each folder may import of ours; a folder may always import itself. Node APIs are listed beside it. */
const RULES: Record<string, { ours: RegExp; node: RegExp }> = {
  spec: { ours: /^spec\/(?!node\/)/, node: /^spec\/node\// },
  authority: { ours: /^spec\//, node: /^authority\/(main\.ts|node\/)/ },
  service: { ours: /^spec\//, node: /^service\/(main\.ts|node\/)/ },
  harness: { ours: /^spec\//, node: /^harness\/(main\.ts|node\/)/ },
  conformance: { ours: /^spec\/(wire\/|error\.ts|requirements\.json)/, node: /^conformance\// },
}
/** The suite shares no code with what it judges: what of others it may stand on. */
const SUITE_PACKAGES = /^(hono|dns2|@peculiar\/x509|reflect-metadata|commander|yaml|zod)(\/|$)/
const IMPORT = /(?:\bfrom\s+|\bimport\s*\(?\s*)['"]([^'"]+)['"]/g
const mayImport = (folder: string, file: string, path: string) =>
  RULES[folder]!.ours.test(path) || (path.startsWith(`${folder}/`) && (folder !== 'spec' || file.startsWith('spec/node/')))
const sources = (folder: string) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .filter((f) => /\.tsx?$/.test(f))
        .map((f) => `${folder}/${f}`)
    : []

for (const [folder, rule] of Object.entries(RULES)) {
  test.each(sources(folder).map((file) => [file]))(`%s keeps ${folder}'s bounds`, (file) => {
    for (const [, target = ''] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
      const path = target.startsWith('.') ? new URL(target, `file:///${file}`).pathname.slice(1) : target
      if (path.startsWith('node:'))
        expect(`${file} imports ${path}`, 'Node APIs').toSatisfy(() => rule.node.test(file) || (path === 'node:crypto' && file.includes('/store/')))
      if (/^(spec|authority|service|harness|conformance|test)\//.test(path))
        expect(`${file} imports ${path}`).toSatisfy(() => mayImport(folder, file, path))
      if (folder === 'conformance' && !target.startsWith('.') && !path.startsWith('node:'))
        expect(path, 'a package of the suite').toMatch(SUITE_PACKAGES)
      expect(path, 'no import of the package by its own name').not.toMatch(/^agentpass(\/|$)/)
    }
  })
}
