import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const HOME = resolve(import.meta.dirname, '..')
const project = mkdtempSync(join(tmpdir(), 'agentpass-installed-'))
const installed = join(project, 'node_modules', 'agentpass')
const run = (command: string, args: string[], cwd = project) =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })

/** What `npm install` of the packed file makes, without fetching the dependencies anew: they are linked from here. */
beforeAll(() => {
  const [{ filename }] = JSON.parse(run('npm', ['pack', '--json', '--pack-destination', project], HOME).replace(/^[^[]*/s, ''))
  mkdirSync(installed, { recursive: true })
  run('tar', ['-xzf', join(project, filename), '-C', installed, '--strip-components', '1'])
  for (const name of readdirSync(join(HOME, 'node_modules')))
    if (!name.startsWith('.')) symlinkSync(join(HOME, 'node_modules', name), join(project, 'node_modules', name))
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }')
})
afterAll(() => rmSync(project, { recursive: true, force: true }))

test('the packed package gives imports that compile, with types', () => {
  writeFileSync(
    join(project, 'program.ts'),
    `import { acquire, type AcquireDeps } from 'agentpass/harness'
     import { endTask } from 'agentpass/harness/revoke'
     import { openTask } from 'agentpass/harness/task'
     import { TripFailure } from 'agentpass/harness/failure'
     import { createBroker } from 'agentpass/harness/broker'
     import { createAuthority } from 'agentpass/authority'
     import { createService } from 'agentpass/service'
     import { openService } from 'agentpass/service/open'
     import { startWorld, type World } from 'agentpass/world'
     import { emailDomain } from 'agentpass/spec/email'
     import { ValidationResponse } from 'agentpass/spec/wire/validation'
     const domain: string | undefined = emailDomain('ada@acme.example')
     const play = async (world: World, d: AcquireDeps) => (await acquire(d, { service: world.service.origin, user: world.user, task: 't' })).token.length
     // @ts-expect-error a validation answer has no such member: the types are there
     type Missing = ValidationResponse['authorization_id']['nothing']
     console.log(typeof createAuthority, typeof createService, typeof openService, typeof startWorld, typeof play, typeof endTask, typeof openTask, typeof TripFailure, typeof createBroker, domain, ValidationResponse.safeParse({}).success)
     export type { Missing }`,
  )
  const options = ['--target', 'es2023', '--module', 'nodenext', '--strict', '--skipLibCheck', '--types', 'node']
  run('node', [join(HOME, 'node_modules', 'typescript', 'bin', 'tsc'), ...options, 'program.ts'])
  expect(run('node', ['program.js']).trim()).toBe(
    'function function function function function function function function function acme.example false',
  )
})

test('each of the five commands answers --help with an example first', () => {
  const { bin } = JSON.parse(readFileSync(join(installed, 'package.json'), 'utf8'))
  expect(Object.keys(bin).sort()).toEqual(['agentpass', 'agentpass-authority', 'agentpass-conformance', 'agentpass-service', 'agentpass-world'])
  for (const file of Object.values<string>(bin)) expect(run('node', [join(installed, file), '--help'])).toMatch(/^example/i)
})

test('the package ships the protocol text, its schemas and requirements, and no test', () => {
  const files = readdirSync(installed, { recursive: true, encoding: 'utf8' })
  for (const wanted of [
    'README.md',
    'LICENSE',
    'spec/agentpass.md',
    'spec/schemas/issuance-status.json',
    'dist/spec/requirements.json',
    'dist/harness/acquire.d.ts',
    'dist/test/world/page/follow.js',
    'dist/test/world/page/page.css',
    'dist/authority/console/assets/console.css',
    'dist/authority/console/assets/console.js',
  ])
    expect(files).toContain(wanted)
  expect(files.filter((file) => file.includes('.test.') || /^dist\/test\/(?!world)/.test(file))).toEqual([])
})
