/** Completion as a shell does it: bash runs the script, and asks the command itself what is held. */
import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { compiled } from './compiled.ts'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { answer, DESK, TOKEN, USER } from './harness-rig.ts'

const COMPLETE = `source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _agentpass; printf '%s\\n' "\${COMPREPLY[@]}"`

/** bash in a folder of its own, the command on its path, and what it completes the last word of a line to. */
async function shell() {
  const c = commandLine()
  const { out } = await c.run('completions', 'bash')
  const script = join(c.home, 'completion.bash')
  writeFileSync(script, out)
  writeFileSync(join(c.home, 'agentpass'), `#!/bin/sh\nexec ${process.execPath} ${compiled('harness/main.js')} "$@"\n`, { mode: 0o755 })
  const env = { PATH: `${c.home}:${process.env.PATH}`, HOME: c.home }
  const completed = (...words: string[]) =>
    execFileSync('bash', ['--norc', '--noprofile', '-c', COMPLETE, 'bash', script, 'agentpass', ...words], { env, cwd: c.home, encoding: 'utf8' })
      .split('\n')
      .filter((word) => word !== '')
  return { ...c, completed }
}

test('bash completes commands, their options, and values that are one of a few', async () => {
  const { completed } = await shell()
  expect(completed('')).toEqual(expect.arrayContaining(['token', 'call', 'browser', 'status', 'end', 'logout', 'doctor', 'completions', 'help']))
  expect(completed('lo')).toEqual(['logout'])
  expect(completed('browser', '--st')).toEqual(['--storage-state'])
  expect(completed('status', '--')).toEqual(['--brief', '--json', '--config', '--help'])
  expect(completed('completions', '')).toEqual(['bash', 'zsh', 'fish'])
  expect(completed('token', '--service', '')).toEqual([])
})

test('bash completes files where a file is meant, whatever they are called', async () => {
  const { completed, home } = await shell()
  for (const name of ['state one.json', 'state*.json', 'state\\.json']) writeFileSync(join(home, name), '')
  mkdirSync(join(home, 'states'))
  expect(completed('browser', '--storage-state', 'sta').toSorted()).toEqual(['state one.json', 'state*.json', 'state\\.json', 'states'].toSorted())
  expect(completed('key', 'states')).toEqual(['states'])
})

test('bash completes the tasks of which something is held, by their ids, and runs nothing that a sentence says', async () => {
  const c = await shell()
  c.service.redeem = answer({ bearer_token: TOKEN, expires_in: 10_000_000_000 })
  c.pass(Math.floor(Date.now() / 1000) - c.now())
  await c.run(...TOKEN_LINE)
  await c.run('token', '--service', DESK, '--user', USER, '--task', `$(touch ${c.home}/ran) \`touch ${c.home}/ran\``)
  const ids = c.files().map((file) => file.replace('.json', ''))
  expect(ids).toHaveLength(2)
  for (const line of [['end'], ['forget'], ['call', '--task']]) expect(c.completed(...line, '').toSorted()).toEqual(ids)
  expect(c.completed('end', `${ids[0]}`.slice(0, -1))).toEqual([ids[0]])
  expect(c.completed('token', '--task', '')).toEqual([])
  expect(c.completed('key', 'ra')).toEqual([])
})

test('status --brief is a line for each that is held: the id, a tab, and a sentence that stays one line', async () => {
  const c = commandLine()
  await c.run('token', '--service', DESK, '--user', USER, '--task', 'a\tb\nc\u001b[2J')
  const { out } = await c.run('status', '--brief')
  expect(out).toBe(`${c.heldTask()}\ta·b·c·[2J\n`)
})

test.each(['bash', 'zsh', 'fish'])('the script for %s knows every command and every option that help knows', async (name) => {
  const c = commandLine()
  const { out: script } = await c.run('completions', name)
  const help = async (...line: string[]) => (await c.run(...line, '--help')).out
  const [, listed = ''] = (await help()).split('\nCommands:\n')
  const commands = [...listed.matchAll(/^ {2}([a-z]+) /gm)].map(([, command = '']) => command)
  expect(commands.length).toBeGreaterThan(9)
  for (const command of commands.filter((command) => command !== 'broker')) {
    // that is a program of its own
    const options = [...(await help(...(command === 'help' ? [] : [command]))).matchAll(/^ {2}(?:-\w, )?--([a-z-]+)/gm)].map(
      ([, option = '']) => option,
    )
    for (const word of [command, ...options]) expect(script).toContain(word)
  }
})

test('another shell is misuse, and the known ones are named', async () => {
  const { code, err } = await commandLine().run('completions', 'csh')
  expect(code).toBe(2)
  expect(err).toContain('bash, zsh, fish')
})
