import fc from 'fast-check'
import { expect, test } from 'vitest'
import { grantScope } from '../spec/scope.ts'
import { json } from './fake-authority.ts'
import { type Desk, desk, okay, refusal } from './service-rig.ts'

const READ = 'tickets:read'
const WRITE = 'tickets:write'

/** A Service whose Authority approves this scope. */
async function approving(scope: unknown, settings = {}): Promise<Desk> {
  const d = await desk({ settings })
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ scope }))
  return d
}

test.each<[string, string[], string[] | undefined, string[], string]>([
  ['nothing is asked for', [READ, WRITE], undefined, [READ, WRITE], '[SVC-SCP-05]'],
  ['a part is asked for', [READ, WRITE], [WRITE], [WRITE], '[SVC-SCP-01]'],
  ['more is asked for than was approved', [READ], [READ, WRITE, 'admin'], [READ], '[SVC-SCP-01]'],
  ['"*" is asked for', [READ], ['*'], [READ], '[SVC-SCP-04]'],
  ['"*" is asked for among others', [READ, WRITE], [READ, '*'], [READ, WRITE], '[SVC-SCP-04]'],
  ['"*" was approved', ['*'], undefined, [READ, WRITE], '[SVC-SCP-03]'],
  ['"*" was approved among others', [READ, '*'], undefined, [READ, WRITE], '[SVC-SCP-03]'],
  ['"*" was approved and a part is asked for', ['*'], [READ, 'admin'], [READ], '[SVC-SCP-03]'],
  ['"*" was approved and "*" is asked for', ['*'], ['*'], [READ, WRITE], '[SVC-SCP-03]'],
  ['something unknown here was approved too', [READ, 'unsupported:x'], undefined, [READ], '[SVC-SCP-06]'],
  ['names come twice', [READ, READ], [READ, READ], [READ], '[SVC-SCP-08]'],
])('%s: of %j and %j the token gets %j %s', async (_, approved, requested, granted) => {
  const d = await approving(approved)
  expect(await okay(await d.redeem(requested ? { requested_scope: requested } : {}))).toMatchObject({ scope: granted })
  expect(d.enterprise.asked('close')).toEqual([])
})

test.each<[string, string, string[], string[] | undefined]>([
  ['nothing was approved', '[SVC-RED-22]', [], undefined],
  ['nothing was approved and "*" is asked for', '[SVC-RED-22]', [], ['*']],
  ['only what is unknown here was approved', '[SVC-SCP-06]', ['unsupported:x'], undefined],
  ['nothing of what is asked for was approved', '[SVC-SCP-02]', [READ], [WRITE]],
  ['another case is asked for', '[SVC-SCP-08]', [READ], ['Tickets:Read']],
  ['a blank stands before it', '[SVC-SCP-08]', [READ], [` ${READ}`]],
  ['two names are joined in one', '[SVC-SCP-08]', [READ, WRITE], [`${READ} ${WRITE}`]],
  ['two names are joined by a comma', '[SVC-SCP-08]', [READ, WRITE], [`${READ},${WRITE}`]],
  ['a pattern is asked for', '[SVC-SCP-08]', [READ], ['tickets:*']],
  ['a pattern was approved', '[SVC-SCP-08]', ['tickets:*'], [READ]],
  ['__proto__ is asked for', '[SVC-SCP-08]', [READ], ['__proto__', 'constructor']],
])('%s: 403, nothing minted, and the authorization is closed %s', async (_, _ids, approved, requested) => {
  const d = await approving(approved)
  const response = await d.redeem(requested ? { requested_scope: requested } : {})
  expect(await refusal(response)).toEqual([403, 'insufficient_scope'])
  expect(d.enterprise.asked('close')).toEqual([{ authorization_id: 'authorization-1', action: 'revoke', reason: expect.any(String) }])
  expect(await d.database().read.selectFrom('credential').selectAll().execute()).toEqual([])
  d.enterprise.answers.validate = async () => json(d.enterprise.validation())
  await okay(await d.redeem())
})

test('a request for nothing is refused before the pass is spent [SVC-SCP-02] [SVC-RED-19]', async () => {
  const d = await approving([READ])
  expect(await refusal(await d.redeem({ requested_scope: [] }))).toEqual([403, 'insufficient_scope'])
  expect(d.enterprise.asked('validate')).toEqual([])
  await okay(await d.redeem())
})

test('"*" stands for what this user has here, and never for what others have [SVC-SCP-03] [SVC-SCP-05]', async () => {
  const users = [
    { user: 'ada@acme.example', scopes: [READ] },
    { user: 'eve@acme.example', scopes: [] },
  ]
  const d = await approving(['*'], { users })
  expect(await okay(await d.redeem())).toMatchObject({ scope: [READ] })
  expect(await refusal(await d.redeem({ requested_scope: [WRITE] }))).toEqual([403, 'insufficient_scope'])
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ scope: ['*'], user: { email: 'eve@acme.example' } }))
  expect(await refusal(await d.redeem({ user: { email: 'eve@acme.example' } }))).toEqual([403, 'insufficient_scope'])
})

test('what a user holds is looked up for the user the Authority names [SVC-SCP-03]', async () => {
  const users = [
    { user: 'Ada@acme.example', scopes: [READ] },
    { user: 'ada@acme.example', scopes: [WRITE] },
  ]
  const d = await approving(['*'], { users })
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ scope: ['*'], user: { email: 'Ada@acme.example' } }))
  expect(await okay(await d.redeem())).toMatchObject({ scope: [READ] })
})

test('whatever was approved, held and asked for: the grant is part of each, and never empty [SVC-SCP-01] [SVC-SCP-05] [SVC-RED-22]', () => {
  const names = fc.array(fc.constantFrom('*', 'a', 'b', 'A', ' a', 'c'))
  const held = fc.array(fc.constantFrom('a', 'b', 'A', 'c'))
  fc.assert(
    fc.property(names, held, fc.option(names, { nil: undefined }), (approved, has, requested) => {
      const may = (name: string, list: string[]) => list.includes('*') || list.includes(name)
      const expected = new Set(has.filter((name) => may(name, approved) && (!requested || may(name, requested))))
      if (expected.size === 0) expect(() => grantScope(approved, has, requested)).toThrow()
      else expect(grantScope(approved, has, requested).toSorted()).toEqual([...expected].toSorted())
    }),
  )
})
