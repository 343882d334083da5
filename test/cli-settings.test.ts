import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { authoritySettingsText } from '../authority/node/settings-text.ts'
import { AuthoritySettings } from '../authority/settings.ts'
import { serviceSettingsText } from '../service/node/settings-text.ts'
import { ServiceSettings } from '../service/settings.ts'
import { parseSettings } from '../spec/node/settings.ts'

const listening = { listen: { host: '127.0.0.1', port: 8443 }, managementListen: { host: '127.0.0.1', port: 9443 } }
const PARTIES = [
  ['authority', AuthoritySettings, authoritySettingsText('https://authority.acme.example', ['acme.example'], listening)],
  ['service', ServiceSettings, serviceSettingsText('https://desk.example', 'http://127.0.0.1:3000', listening)],
] as const

/** Every member of settings by its path; a list is one member. */
const membersOf = (settings: object, above = ''): [string, unknown][] =>
  Object.entries(settings).flatMap(([name, value]): [string, unknown][] =>
    typeof value === 'object' && !Array.isArray(value) ? membersOf(value, `${above}${name}.`) : [[above + name, value]],
  )

test.each(PARTIES)('the settings file of an %s explains every member, and what is commented out is the default', (_, schema, text) => {
  const defaultsTakenIn = text
    .split('\n\n')
    .map((block) => (/^# \w+:$/m.test(block) ? block : block.replace(/^#(?! \S)/gm, ''))) // `# member:` alone begins an example of what has no default
    .join('\n\n')
  expect(defaultsTakenIn).not.toBe(text)
  const settings = parseSettings('written', text, schema)
  expect(parseSettings('defaults', defaultsTakenIn, schema)).toEqual(settings)
  const members = [...Object.keys(schema.shape), ...membersOf(settings).flatMap(([path]) => path.split('.'))]
  for (const member of members) expect(text, member).toMatch(new RegExp(`^#? *(?:- )?${member}:`, 'm'))
})

test.each(PARTIES)('the README of an %s lists every setting with its default', (party, schema, text) => {
  const readme = readFileSync(`${party}/README.md`, 'utf8')
  const rows = new Map([...readme.matchAll(/^\| `([a-z_.]+)` +\| (.+?) +\| .+\|$/gm)].map(([, path, shown]) => [path, shown]))
  for (const member of Object.keys(schema.shape))
    expect(
      [...rows.keys()].some((path) => path?.split('.')[0] === member),
      member,
    ).toBe(true)
  for (const [path, value] of membersOf(parseSettings('written', text, schema))) {
    const place = [...rows.keys()].find((row) => row !== undefined && (row === path || path.startsWith(`${row}.`)))
    const shown = rows.get(place)
    expect(shown, path).toBeDefined()
    const [, code] = /^`(.+)`$/.exec(shown ?? '') ?? []
    if (code !== undefined) expect(parse(code), path).toEqual(value)
  }
})
