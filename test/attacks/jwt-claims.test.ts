/** Attacks J-14 to J-20, at every door where a signed object is verified: what it says it is, who says it, to whom and when. */
import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import type { Kind } from '../../spec/jwt.ts'
import { HARNESS, TASK } from '../authority-rig.ts'
import { json } from '../fake-authority.ts'
import { AUTHORITY, SERVICE } from '../parties.ts'
import { desk, holder, okay, REDEEM, refusal } from '../service-rig.ts'
import { base64url, jws, type Members, sealed } from '../spec/jws-fixture.ts'
import { ASSERTED, type Door, EVERYWHERE, expectRefused, expectSound, good, header, named, PROOF, rows } from './jwt-doors.ts'

const listed = <T>(values: readonly T[], jwtOf: (value: T) => string): Record<string, string> =>
  Object.fromEntries(values.map((value, i) => [`${i}: ${String(JSON.stringify(value)).slice(0, 80)}`, jwtOf(value)]))
const claiming = (door: Door, changes: Members[]) => listed(changes, (claims) => good(door, claims))
/** Signed claims whose JSON an encoder would not write. */
const written = (door: Door, claims: string) => sealed(`${base64url(JSON.stringify(header(door)))}.${base64url(claims)}`, door)

/** What each kind of object says of itself, and what the Service tells the app behind it. */
const NATURAL: Record<Kind | 'identity', (door: Door) => Members> = {
  'service-assertion': () => ({ iss: SERVICE, aud: AUTHORITY, jti: crypto.randomUUID() }),
  'authority-assertion': () => ({ iss: AUTHORITY, aud: SERVICE, jti: crypto.randomUUID() }),
  'holder-proof': () => ({ iss: HARNESS, aud: SERVICE, jti: crypto.randomUUID(), htm: 'POST', htu: `${SERVICE}${REDEEM}`, aph: 'x' }),
  'task-attestation': () => ({ iss: HARNESS, task_id: TASK.id, task_description_hash: createHash('sha256').update(TASK.description).digest('hex') }),
  'harness-attestation': ({ key }) => ({ iss: 'https://vendor.example', sub: HARNESS, cnf: { jwk: key.jwk } }),
  identity: () => ({ iss: SERVICE, aud: 'http://127.0.0.1:1', sub: 'ada@acme.example', act: { sub: 'agent-7' }, scope: 'tickets:read' }),
}
const natural = (door: Door, kind: keyof typeof NATURAL) => ({ ...NATURAL[kind](door), iat: door.now(), exp: door.now() + 60 })
const foreignKinds = (door: Door) => (Object.keys(NATURAL) as (keyof typeof NATURAL)[]).filter((kind) => kind !== door.kind)

test.each(named(EVERYWHERE))('J-14: at %s no other kind of object is taken, though the same key signed it', async (_at, place) => {
  for (const profile of ['core-0.1', 'hardened'] as const) {
    const door = await place.open(profile)
    const objects = foreignKinds(door).flatMap((kind) =>
      ['JWT', `agentpass-${kind}+jwt`, `application/agentpass-${kind}+jwt`, `AGENTPASS-${kind.toUpperCase()}+JWT`].map((typ): [string, string] => [
        `${kind} as ${typ}`,
        jws(header(door, { typ }), natural(door, kind), door),
      ]),
    )
    await expectRefused(door, Object.fromEntries(objects))
  }
})

test.each(rows(EVERYWHERE, 'kind'))(
  'J-14: at %s claims that also make another kind do not help an object that names that kind%s',
  async (_at, _id, place) => {
    for (const profile of ['core-0.1', 'hardened'] as const) {
      const door = await place.open(profile)
      const padded = (kind: keyof typeof NATURAL) => ({ ...natural(door, kind), ...door.claims() })
      const typ = (kind: string) => `agentpass-${kind}+jwt`
      await expectRefused(door, {
        ...listed(foreignKinds(door), (kind) => jws(header(door, { typ: typ(kind) }), padded(kind), door)),
        ...listed(profile === 'hardened' ? foreignKinds(door) : [], (kind) => jws(header(door, { typ: 'JWT' }), padded(kind), door)),
      })
    }
  },
)

const LIKE: [string, (iss: string) => unknown][] = [
  ['a slash', (iss) => `${iss}/`],
  ['its port', (iss) => `${iss}:443`],
  ['a path', (iss) => `${iss}/app`],
  ['a query', (iss) => `${iss}?`],
  ['a fragment', (iss) => `${iss}#`],
  ['upper case', (iss) => iss.toUpperCase()],
  ['userinfo', (iss) => iss.replace('://', '://u@')],
  ['another host behind it', (iss) => `${iss}.evil.example`],
  ['itself as userinfo', (iss) => `${iss}@evil.example`],
  ['a final dot', (iss) => `${iss}.`],
  ['ideographic dots', (iss) => iss.replaceAll('.', '。')],
  ['a Cyrillic letter', (iss) => iss.replace(/e(?=[^e]*$)/, 'е')],
  ['its A-label', (iss) => (iss.includes('//') ? new URL(iss.replace(/e(?=[^e]*$)/, 'е')).origin : iss)],
  ['a full-width letter', (iss) => iss.replace('s', 'ｓ')],
  ['http', (iss) => iss.replace('https', 'http')],
  ['a blank before it', (iss) => ` ${iss}`],
  ['a blank behind it', (iss) => `${iss} `],
  ['a tab in it', (iss) => iss.replace('s', 's\t')],
  ['NUL behind it', (iss) => `${iss}\0`],
  ['nothing left', () => ''],
  ['an array', (iss) => [iss]],
  ['null', () => null],
  ['no iss', () => undefined],
]
test.each(rows(EVERYWHERE, 'iss'))('J-15: at %s an issuer that only looks like the genuine one is another%s', async (_at, _id, place) => {
  const door = await place.open()
  const { iss } = door.claims()
  const variants = LIKE.map(([name, change]) => [name, change(String(iss))] as const).filter(([, changed]) => changed !== iss)
  expect(variants.length).toBeGreaterThan(12)
  for (const [name, changed] of variants) expect([401, 403], name).toContain((await door.present(good(door, { iss: changed }))).status)
  await expectSound(door)
})

test.each(rows([...ASSERTED, PROOF], 'aud'))('J-16: at %s the audience is this party, exactly and alone%s', async (_at, _id, place) => {
  const door = await place.open()
  const aud = String(door.claims().aud)
  const others = [
    `${aud}/`,
    aud.slice(0, -1),
    `${aud}.evil.example`,
    aud.slice('https://'.length),
    aud.toUpperCase(),
    `${aud}:443`,
    ` ${aud}`,
    '*',
    '',
  ]
  const lists = [[aud, 'https://other.example'], ['https://other.example', aud], [aud, aud], [[aud]], [], { 0: aud }]
  await expectRefused(
    door,
    claiming(
      door,
      [...others, ...lists, null, true, 1, undefined, 'https://other.example'].map((other) => ({ aud: other })),
    ),
  )
  expect(await door.taken(good(door, { aud: [aud] }))).toBeLessThan(300)
})

const cap = ({ kind, profile }: Door) =>
  (kind === 'task-attestation' ? { 'core-0.1': 86_400, hardened: 3600 } : { 'core-0.1': 3600, hardened: 300 })[profile]
test.each(rows(EVERYWHERE, 'exp'))('J-17: at %s an object ends at a number of seconds, and soon%s', async (_at, _id, place) => {
  for (const profile of ['core-0.1', 'hardened'] as const) {
    const door = await place.open(profile)
    const now = door.now()
    const ends = [undefined, null, true, '', String(now + 60), [now + 60], {}, -1, 0, now - 60, now - 1e9, now + cap(door) + 1, 2 ** 53, 1e300]
    await expectRefused(door, {
      ...claiming(
        door,
        ends.map((exp) => ({ exp, ...(typeof exp === 'number' && exp <= now && { iat: exp - 60 }) })),
      ),
      ...listed(['1e400', '-1e400', 'Infinity', 'NaN', '0x7fffffff'], (exp) =>
        written(door, JSON.stringify(door.claims()).replace(/"exp":\d+/, `"exp":${exp}`)),
      ),
    })
    expect(await door.taken(good(door, { exp: now + cap(door) }))).toBeLessThan(300)
    expect(await door.taken(good(door, { iat: now - 100, exp: now - 59, jti: 'late' }))).toBeLessThan(300)
  }
})

test.each(rows(EVERYWHERE, 'iat'))(
  'J-18: at %s an object begins at a number of seconds, and not after the next minute%s',
  async (_at, _id, place) => {
    const door = await place.open()
    const now = door.now()
    const begins = [undefined, null, true, '', String(now), [now], now + 61, now + 86_400, 1e300, now - 315_360_000, 0, -1]
    const late = [now + 61, now + 86_400, 1e300, String(now), null, true]
    await expectRefused(door, {
      ...claiming(
        door,
        begins.map((iat) => ({ iat, ...(typeof iat === 'number' && iat > now && iat < 1e300 && { exp: iat + 60 }) })),
      ),
      ...claiming(
        door,
        late.map((nbf) => ({ nbf })),
      ),
      ...listed(['1e400', '-1e400'], (iat) => written(door, JSON.stringify(door.claims()).replace(/"iat":\d+/, `"iat":${iat}`))),
    })
    expect(await door.taken(good(door, { iat: now + 60, exp: now + 120, nbf: now + 60 }))).toBeLessThan(300)
  },
)

test.each(rows([...ASSERTED, PROOF], 'jti'))('J-19: at %s a jti is a short text, and where it is needed it is there%s', async (_at, _id, place) => {
  for (const profile of ['core-0.1', 'hardened'] as const) {
    const door = await place.open(profile)
    const isNeeded = door.kind === 'holder-proof' || (place.at === 'the close' && profile === 'hardened')
    const jtis = ['', 7, 0, true, null, ['x'], { x: 1 }, 'x\0', 'x'.repeat(1025), ...(isNeeded ? [undefined] : [])]
    for (const [name, jwt] of Object.entries(
      claiming(
        door,
        jtis.map((jti) => ({ jti })),
      ),
    ))
      expect(await refusal(await door.present(jwt)), name).toEqual(door.refusal)
    expect([401, 413]).toContain((await door.present(good(door, { jti: 'x'.repeat(2 ** 20) }))).status)
    await expectSound(door)
  }
})

test('J-19: a jti that was spent is spent under any other iss too, and spares no pass [SVC-HB-11]', async () => {
  const d = await desk()
  const key = await holder()
  d.enterprise.publish('acme.example')
  d.enterprise.answers.validate = async () => json(d.enterprise.validation({ cnf: key.cnf, harness: undefined })) // which iss is right, nobody knows
  await okay(await d.redeem(await key.proof(d.now(), { jti: 'once' })))
  for (const iss of ['harness-2', 'harness-1', 'HARNESS-1'])
    expect(await refusal(await d.redeem(await key.proof(d.now(), { jti: 'once', iss })))).toEqual([409, 'replay'])
  await okay(await d.redeem(await key.proof(d.now(), { jti: 'twice' })))
})

test.each(['1e300', '1e400', '9007199254740992', '"never"'])(
  'J-20: a proof that ends at %s is refused, however often it is shown: it could never be remembered [SVC-HB-10]',
  async (exp) => {
    const door = await PROOF.open()
    const jwt = written(door, JSON.stringify(door.claims()).replace(/"exp":\d+/, `"exp":${exp}`))
    await expectRefused(door, { once: jwt, twice: jwt })
  },
)
