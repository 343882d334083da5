/** Attack J-11, at every door where a signed object is verified: the two numbers of an ECDSA signature. */
import { expect, test } from 'vitest'
import { EVERYWHERE, expectRefused, good, named } from './jwt-doors.ts'

const ORDER = Buffer.from('ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551', 'hex')
const ZERO = Buffer.alloc(32)

/** The same signature with the other of its two possible halves: n - s verifies wherever s does (SEC 1 §4.1.4). */
function mirrored(s: Buffer): Buffer {
  const value = BigInt(`0x${ORDER.toString('hex')}`) - BigInt(`0x${s.toString('hex')}`)
  return Buffer.from(value.toString(16).padStart(64, '0'), 'hex')
}

test.each(named(EVERYWHERE))('J-11: at %s a signature is two numbers below the order, in their one form', async (_at, place) => {
  const door = await place.open()
  const [head = '', payload = '', signed = ''] = good(door).split('.')
  const [r, s] = [Buffer.from(signed, 'base64url').subarray(0, 32), Buffer.from(signed, 'base64url').subarray(32)]
  const of = (...parts: Buffer[]) => `${head}.${payload}.${Buffer.concat(parts).toString('base64url')}`
  const half = (n: Buffer) => Buffer.concat([Buffer.of(2, n.length + 1, 0), n])
  await expectRefused(door, {
    ...{ 'r = 0': of(ZERO, s), 's = 0': of(r, ZERO), 'both 0': of(ZERO, ZERO) },
    ...{ 'r = n': of(ORDER, s), 's = n': of(r, ORDER), 'over n': of(Buffer.alloc(32, 0xff), s) },
    DER: of(Buffer.of(0x30, 70), half(r), half(s)),
  })
})

test.each(named(EVERYWHERE).filter(([at]) => at === 'redemption'))(
  'J-11: at %s a proof that was used is used, also under its other signature [SVC-HB-06]',
  async (_at, place) => {
    const door = await place.open()
    const first = good(door)
    const [head = '', payload = '', signed = ''] = first.split('.')
    const [r, s] = [Buffer.from(signed, 'base64url').subarray(0, 32), Buffer.from(signed, 'base64url').subarray(32)]
    expect(await door.taken(first)).toBe(200)
    expect(await door.taken(`${head}.${payload}.${Buffer.concat([r, mirrored(s)]).toString('base64url')}`)).toBe(409)
    expect(await door.taken(good(door))).toBe(200)
  },
)
