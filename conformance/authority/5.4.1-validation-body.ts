import { expectRefused } from '../actors/client.ts'
import type { Case } from '../case.ts'
import { expectStillGood, suggest } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** A pass that is not there, or no text. */
const NO_VALUES: [string, string, unknown][] = [
  ['missing', 'there is no agentpass.value', { agentpass: {} }],
  ['number', 'agentpass.value is a number', { agentpass: { value: 5 } }],
  ['null', 'agentpass.value is null', { agentpass: { value: null } }],
  ['no-agentpass', 'there is no agentpass', { value: 'suite-pass' }],
]

/** Bodies around a good pass that are none of this endpoint. */
const NO_BODIES: [string, string, (value: string) => string][] = [
  ['null', 'the body is null', () => 'null'],
  ['empty', 'the body is an empty object', () => '{}'],
  ['list', 'the body is a list of a good one', (value) => JSON.stringify([{ agentpass: { value } }])],
  ['envelope', 'the body is a good one in an envelope', (value) => JSON.stringify({ request: { agentpass: { value } } })],
  ['text', 'the body is the pass alone', (value) => JSON.stringify(value)],
  ['cut', 'the body breaks off', (value) => `{"agentpass":{"value":"${value}"`],
  ['list-value', 'the pass is in a list', (value) => JSON.stringify({ agentpass: { value: [value] } })],
  ['object-value', 'the pass is in an object', (value) => JSON.stringify({ agentpass: { value: { value } } })],
]

/** Bodies that are none of a validation (§5.4.1). */
export const validationBody: Case<AuthorityStage>[] = [
  ...NO_VALUES.map(
    ([slug, about, body]): Case<AuthorityStage> => ({
      id: `AUTH-VAL-08/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const service = s.service()
        const reply = await s.validate('', service, { body })
        expectRefused(reply)
        suggest(s, reply, 400, 404, 422)
        await s.redeemed({ service }) // it is alive
      },
    }),
  ),
  ...NO_BODIES.map(
    ([slug, about, body]): Case<AuthorityStage> => ({
      id: `AUTH-VAL-16/${slug}`,
      about,
      negative: true,
      run: async (s) => {
        const pass = await s.approved()
        const reply = await s.validate('', pass.service, { body: body(pass.value) })
        expectRefused(reply)
        suggest(s, reply, 400, 422)
        await expectStillGood(s, pass)
      },
    }),
  ),
  {
    id: 'AUTH-VAL-16/form',
    about: 'the pass comes in a form',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const headers = { 'content-type': 'application/x-www-form-urlencoded' }
      expectRefused(await s.validate('', pass.service, { body: Buffer.from(`agentpass.value=${pass.value}`), send: { headers } }))
      await expectStillGood(s, pass)
    },
  },
  {
    id: 'AUTH-VAL-16/large',
    about: 'the body has 80 KiB',
    negative: true,
    run: async (s) => {
      const pass = await s.approved()
      const reply = await s.validate('', pass.service, { body: { agentpass: { value: pass.value }, x_much: 'x'.repeat(80 * 1024) } })
      if (reply.status < 400) return s.warn('a body of over 64 KiB is better refused')
      expectRefused(reply)
      suggest(s, reply, 413, 400)
      await expectStillGood(s, pass)
    },
  },
]
