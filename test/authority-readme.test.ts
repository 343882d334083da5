/** The Authority's README, as far as it can be held to what it says. */
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { z } from 'zod'
import { consoleSettings } from '../authority/console/settings.ts'
import { loadEngine } from '../authority/node/policy-file.ts'
import { authoritySettingsText } from '../authority/node/settings-text.ts'
import { notificationSettings } from '../authority/notify/settings.ts'
import { compilePolicies } from '../authority/policy/compile.ts'
import { Situations, tryOut } from '../authority/policy/situation.ts'
import { AuthoritySettings } from '../authority/settings.ts'
import { parseSettings } from '../spec/node/settings.ts'
import { run } from './cli-fixture.ts'
import { cedar } from './policy-rig.ts'

const README = readFileSync('authority/README.md', 'utf8')
const blocks = (language: string): string[] => [...README.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, 'gs'))].map(([, text = '']) => text)
const listening = { listen: { host: '127.0.0.1', port: 8443 }, managementListen: { host: '127.0.0.1', port: 9443 } }
const WRITTEN = authoritySettingsText('https://authority.acme.example', ['acme.example'], listening)

/** Every `agentpass-authority …` that somebody is told to type: in blocks up to what ends it for a shell, in the text up to the backquote. */
const COMMANDS = [
  ...blocks('console')
    .flatMap((text) => text.split('\n'))
    .filter((line) => /^[$#] /.test(line)),
  ...blocks('cron'),
  ...[...README.replace(/^```.*?^```/gms, '').matchAll(/`(agentpass-authority [^`]+)`/g)].map(([, text = '']) => text),
].flatMap((line) => [...line.matchAll(/agentpass-authority ((?:"[^"]*"|[^&|;'"\n…])+)/g)].map(([, args = '']) => wordsOf(args)))

function wordsOf(args: string): string[] {
  return [...args.trim().matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word = '']) => quoted ?? word)
}

const helps = new Map<string, Promise<string>>()
const helpOf = (path: string[]): Promise<string> => {
  const help = helps.get(path.join(' ')) ?? run('authority', [...path, '--help']).then(({ stdout }) => stdout)
  helps.set(path.join(' '), help)
  return help
}

/** The subcommand that words begin with, as far as the command line knows it. */
async function commandOf(words: string[], path: string[] = []): Promise<string[]> {
  const next = words[path.length]
  const isKnown = /^[a-z-]+$/.test(next ?? '') && new RegExp(`^  ${next}(?: |\\||$)`, 'm').test((await helpOf(path)).split('Commands:')[1] ?? '')
  return isKnown && next !== undefined ? commandOf(words, [...path, next]) : path
}

test('the README names commands', () => expect(COMMANDS.length).toBeGreaterThan(20))

test.each([...new Set(COMMANDS.map((words) => words.join(' ')))])('agentpass-authority %s is a command with such options', async (line) => {
  const words = wordsOf(line)
  const path = await commandOf(words)
  expect(path).not.toEqual([])
  const help = await helpOf(path)
  const options = [...help.matchAll(/^ {2}(?:-\w, )?(--[\w-]+)/gm)].map(([, option]) => option)
  for (const word of words.filter((each) => each.startsWith('--'))) expect(options, word).toContain(word)
})

const isSituations = (text: string): boolean => text.includes('situations:')

test.each(
  blocks('yaml')
    .filter((text) => !isSituations(text))
    .map((text) => [text.split('\n').slice(0, 3).join(' '), text]),
)('the settings %s are settings', (_, text) => {
  const settings = AuthoritySettings.parse({ ...Object(parse(WRITTEN)), console: undefined, ...withSignIn(parse(text)) })
  expect(settings.authority).toBe('https://authority.acme.example')
})

test('its policy file is a good one, listed as it says, and decides its situations as they expect', async () => {
  const [text = ''] = blocks('cedar')
  const compiled = await compilePolicies(await loadEngine(), text)
  for (const { line, name, effect } of compiled.policies) expect(README).toMatch(new RegExp(`^${line} +${name} +${effect}`, 'm'))
  expect(README).toContain(`policy.cedar is fine: version ${compiled.version}`)
  const { defaults, situations } = Situations.parse(parse(blocks('yaml').find(isSituations) ?? ''))
  const policy = await cedar(text, 'Europe/Berlin')
  expect(situations.flatMap((situation) => tryOut(policy, { ...defaults, ...situation }).differences)).toEqual([])
})

/** A part of `console`, and what needs one, is shown without the sign-in that it needs. */
function withSignIn(settings: unknown): object {
  const { console: own, ...others } = z.looseObject({ console: z.looseObject({}).optional() }).parse(settings)
  const pages = own ?? ('notifications' in others ? {} : undefined)
  return pages ? { ...others, console: { sign_in: { issuer: 'https://login.acme.example', client_id: 'agentpass' }, ...pages } } : others
}

test('every member of the console settings has a row, with its default', () => {
  const rows = new Map([...README.matchAll(/^\| `console\.([a-z_.]+)` +\| (.+?) +\| .+\|$/gm)].map(([, path = '', shown = '']) => [path, shown]))
  const { sign_in, ...members } = consoleSettings.shape
  const paths = [...Object.keys(members), ...Object.keys(sign_in.shape).map((member) => `sign_in.${member}`)]
  expect([...rows.keys()].sort()).toEqual(paths.sort())
  const defaults = consoleSettings.parse({ sign_in: { issuer: 'https://login.acme.example', client_id: 'agentpass' } })
  const all: Record<string, unknown> = {
    ...defaults,
    ...Object.fromEntries(Object.entries(defaults.sign_in).map(([name, v]) => [`sign_in.${name}`, v])),
  }
  for (const [path, shown] of rows) {
    const [, code] = /^`([^`]+)`$/.exec(shown) ?? []
    if (code !== undefined) expect(parse(code), path).toEqual(all[path])
  }
})

test('every member of the notification settings has a row, and those that the settings file shows are settings', () => {
  const rows = [...README.matchAll(/^\| `notifications\.([a-z_.]+)` /gm)].map(([, path]) => path)
  const { email, ...members } = notificationSettings.shape
  const ofEmail = Object.keys(email.unwrap().shape).map((member) => `email.${member}`)
  expect(rows.sort()).toEqual(['email', ...ofEmail, ...Object.keys(members)].sort())
  const [shown = ''] = /^# notifications:\n(?:# {3}.*\n)+/m.exec(WRITTEN) ?? []
  const settings = parse(shown.replace(/^# /gm, ''))
  expect(AuthoritySettings.parse({ ...Object(parse(WRITTEN)), ...withSignIn(settings) }).notifications?.webhooks).toHaveLength(2)
})

test('the addresses that a provider is to know are those of the console, and the record is the one that init prints', () => {
  for (const address of ['console/callback', 'console/signed-out', '.well-known/agentpass-authority'])
    expect(README).toContain(`https://authority.acme.example/${address}`)
  expect(parseSettings('written', WRITTEN, AuthoritySettings).listen.port).toBe(8443)
  expect(blocks('nginx')[0]).toContain('proxy_pass http://127.0.0.1:8443;')
})

test('no proxy leads to the management door', () => {
  const [nginx = ''] = blocks('nginx')
  expect(nginx.replace(/#.*$/gm, '')).not.toContain('9443')
})

test('every link within the README leads to a heading', () => {
  const anchors = [...README.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\w -]/g, '')
      .replaceAll(' ', '-'),
  )
  for (const [, anchor] of README.matchAll(/\]\(#([^)]+)\)/g)) expect(anchors).toContain(anchor)
})
