import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ProtocolError } from '../../spec/error.ts'
import { effectiveScope, grantScope, isApprovable } from '../../spec/scope.ts'
import { Scope } from '../../spec/wire/scopes.ts'

const HELD = ['tickets:read', 'tickets:write', 'people:read']

function granted(approved: string[], held: string[], requested?: string[]): string[] | string {
  try {
    return grantScope(approved, held, requested)
  } catch (failure) {
    return failure instanceof ProtocolError ? `${failure.code} ${failure.status}` : String(failure)
  }
}
const NOTHING = 'insufficient_scope 403'

test.each<[string, string, string[], string[] | undefined, string[] | string]>([
  ['what was approved', '[SVC-SCP-05]', ['tickets:read'], undefined, ['tickets:read']],
  ['of what was approved only what the user has here', '[SVC-SCP-06]', ['tickets:read', 'money:move'], undefined, ['tickets:read']],
  ['nothing, where the user has nothing of what was approved', '[SVC-SCP-06]', ['money:move'], undefined, NOTHING],
  ['nothing, where nothing was approved', '[SVC-RED-22]', [], undefined, NOTHING],
  ['nothing, where nothing was approved and all is asked for', '[SVC-RED-22]', [], ['*'], NOTHING],
  ['for an approved * all that the user has, spelled out', '[SVC-SCP-03]', ['*'], undefined, HELD],
  ['for an approved * beside a name all that the user has', '[SVC-SCP-03]', ['tickets:read', '*'], undefined, HELD],
  ['for an approved * of what is asked for what the user has', '[SVC-SCP-03]', ['*'], ['people:read', 'money:move'], ['people:read']],
  ['of what is asked for what was approved', '[SVC-SCP-01]', ['tickets:read', 'tickets:write'], ['tickets:write', 'people:read'], ['tickets:write']],
  ['for a requested * exactly what was approved', '[SVC-SCP-04]', ['tickets:read'], ['*'], ['tickets:read']],
  ['for a requested * beside a name exactly what was approved', '[SVC-SCP-04]', ['tickets:read'], ['people:read', '*'], ['tickets:read']],
  ['for * and * all that the user has', '[SVC-SCP-03 SVC-SCP-04]', ['*'], ['*'], HELD],
  ['nothing, where nothing is asked for', '[SVC-SCP-02]', ['tickets:read'], [], NOTHING],
  ['nothing, where what is asked for was not approved', '[SVC-SCP-02]', ['tickets:read'], ['tickets:write'], NOTHING],
  [
    'a name once, however often it is asked for',
    '[SVC-SCP-08]',
    ['tickets:read', 'tickets:read'],
    ['tickets:read', 'tickets:read'],
    ['tickets:read'],
  ],
  ['nothing for a name in other letters', '[SVC-SCP-08]', ['tickets:read'], ['Tickets:Read'], NOTHING],
  ['nothing for a name with blanks', '[SVC-SCP-08]', ['tickets:read'], [' tickets:read', 'tickets:read '], NOTHING],
  [
    'nothing for names in one text',
    '[SVC-SCP-08]',
    ['tickets:read', 'tickets:write'],
    ['tickets:read tickets:write', 'tickets:read,tickets:write'],
    NOTHING,
  ],
  ['nothing for a part or a pattern', '[SVC-SCP-08]', ['tickets:read'], ['tickets', 'tickets:*', '**', 'tickets:'], NOTHING],
  ['nothing for __proto__', '[SVC-SCP-08]', ['__proto__', 'constructor'], ['__proto__', 'constructor'], NOTHING],
])('a redemption grants %s %s', (_, _ids, approved, requested, expected) => {
  expect(granted(approved, HELD, requested)).toEqual(expected)
})

test('names that only look alike are other names', () => {
  const [composed, decomposed] = ['caf\u00e9', 'cafe\u0301']
  expect(granted([composed], [decomposed])).toBe(NOTHING)
  expect(granted([composed], [composed, decomposed], [decomposed])).toBe(NOTHING)
  expect(granted([composed], [composed])).toEqual([composed])
})

const name = fc.constantFrom<string[]>('a', 'b', 'c', 'A', 'a ', '*', '__proto__', 'é', 'e\u0301')
const names = fc.array(name, { maxLength: 8 })
test('whatever is asked for, what is granted was approved, is held, has no name twice, and is not empty [SVC-SCP-05]', () => {
  fc.assert(
    fc.property(names, names, fc.option(names, { nil: undefined }), (approved, held, requested) => {
      const scope = granted(approved, held, requested)
      const may = (one: string) =>
        (approved.includes(one) || approved.includes('*')) && (!requested || requested.includes(one) || requested.includes('*'))
      const all = held.filter(may)
      expect(scope).toEqual(all.length > 0 ? [...new Set(all)] : NOTHING)
    }),
  )
})

test.each<[string[], string[], string[]]>([
  [
    ['a', 'b'],
    ['a', 'b'],
    ['a', 'b'],
  ],
  [['a', 'b'], ['b'], ['b']],
  [
    ['a', 'b'],
    ['a', 'b', 'c'],
    ['a', 'b'],
  ],
  [['a'], ['b'], []],
  [['a'], [], []],
  [['a', 'b'], ['*'], ['a', 'b']],
  [['a'], ['A', ' a'], []],
])('%j, granted, is after a check of %j: %j [SVC-CONT-05]', (scope, checked, expected) => {
  expect(effectiveScope(scope, checked)).toEqual(expected)
})
test('a check never widens a grant [SVC-SCP-05]', () => {
  fc.assert(fc.property(names, names, (scope, checked) => effectiveScope(scope, checked).every((one) => scope.includes(one))))
})

test.each<[string[], string[], boolean, boolean]>([
  [['a'], ['a', 'b'], false, true],
  [['a', 'b'], ['a', 'b'], false, true],
  [['a', 'c'], ['a', 'b'], false, false],
  [['A'], ['a'], false, false],
  [[], ['a'], false, false],
  [[], ['a'], true, false],
  [['*'], ['a'], false, false],
  [['*'], ['a'], true, true],
  [['*'], ['a', '*'], false, true],
  [['*', 'c'], ['a'], true, false],
  [['a'], ['*'], false, false],
])('to approve %j of %j offered, everything allowed: %s, may be: %s [AUTH-ISS-19]', (scope, offered, everythingAllowed, allowed) => {
  expect(isApprovable(scope, offered, everythingAllowed)).toBe(allowed)
})

test.each<[unknown, boolean]>([
  [['a', '*'], true],
  [[], true],
  [['a b', 'a,b', '__proto__'], true],
  [Array.from({ length: 1000 }, (_, i) => `s${i}`), true],
  [Array.from({ length: 10_000 }, (_, i) => `s${i}`), false],
  [['x'.repeat(1024)], true],
  [['x'.repeat(1025)], false],
  ['a b', false],
  [[''], false],
  [[['a']], false],
  [[null], false],
  [[7], false],
  [{ 0: 'a' }, false],
  [null, false],
])('a scope is a list of names, and a bounded one (row %#) [SVC-SCP-07 HAR-RED-06]', (candidate, good) => {
  expect(Scope.safeParse(candidate).success).toBe(good)
})
