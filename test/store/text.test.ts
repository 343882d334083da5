/** Text that peers invent reaches the database whole, or is refused before: never half, and never with a 500. */
import { expect, test } from 'vitest'
import { APPROVING, authorityWorld, message, refusal, TASK } from '../authority-rig.ts'

const ODD = ['\u0000', 'a\u0000b', '\ud800', '😀'.repeat(200), "'; drop table request; --", '\u202e\u0007\n', '\\u0000', '{"$1": "$2"}']

test.each(ODD.map((text) => [text]))('a description %j is admitted, approved and spent', async (description) => {
  const w = await authorityWorld(APPROVING)
  const { value } = await w.approved({ task: { ...TASK, description } })
  expect((await w.validate(value, w.desk.bearer())).status).toBe(200)
})

test.each(ODD.map((text) => [text]))('%j as the id of a task or a Harness is admitted, or malformed where it has U+0000', async (text) => {
  const w = await authorityWorld(APPROVING)
  const asked = [message({ task: { ...TASK, id: text } }), message({ harness: { id: text } })]
  for (const answer of await Promise.all(asked.map((body) => w.issue(body))))
    if (text.includes('\u0000')) expect(await refusal(answer)).toEqual([400, 'malformed_request'])
    else expect(answer.status).toBe(200)
})

test('an authorization id or a reason with U+0000 is malformed, and the authorization stays open', async () => {
  const w = await authorityWorld(APPROVING)
  const { authorizationId } = await w.redeemed()
  expect(await refusal(await w.check('a\u0000', w.desk.bearer()))).toEqual([400, 'malformed_request'])
  expect(await refusal(await w.close(authorizationId, w.desk.bearer(), 'complete', { reason: 'a\u0000' }))).toEqual([400, 'malformed_request'])
  expect(await refusal(await w.validate('a\u0000', w.desk.bearer()))).toEqual([404, 'unknown_agentpass'])
  expect((await w.check(authorizationId, w.desk.bearer())).status).toBe(200)
})
