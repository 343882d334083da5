/** What a policy file may say: whatever is wrong with one is found before it decides anything, with its line. */
import { expect, test } from 'vitest'
import { loadEngine } from '../authority/node/policy-file.ts'
import { compilePolicies, PolicyError } from '../authority/policy/compile.ts'
import { ACME_POLICY } from './policy-rig.ts'

const compile = async (text: string) => compilePolicies(await loadEngine(), text)
const problemsOf = async (text: string): Promise<string[]> => {
  const failure: unknown = await compile(text).catch((thrown: unknown) => thrown)
  if (!(failure instanceof PolicyError)) throw new Error('it was taken')
  return failure.problems
}
const ASK = 'permit (principal, action == AgentPass::Action::"ask", resource);'

test.each<[string, string, RegExp]>([
  ['a slip of the pen', 'permit (principal, action resource);', /^line 1: unexpected token `resource`/],
  ['one behind text in other scripts', '// größer, 大きい\n\npermit (principal, action resource);', /^line 3: unexpected token/],
  [
    'an attribute that there is not',
    `${ASK}\n\nforbid (principal, action, resource)\nwhen { context.hour < 6 };`,
    /^line 4: attribute `hour` in context not found/,
  ],
  [
    'what only some agents have',
    'permit (principal, action, resource) when { principal.vouched_by == "x" };',
    /^line 1: attribute `vouched_by` on entity type `AgentPass::Unverified` not found/,
  ],
  [
    'what may not be there, without asking',
    'permit (principal, action, resource) when { context.address.isIpv4() };',
    /^line 1: unable to guarantee safety of access to optional attribute `address` in context/,
  ],
  [
    'an action that there is not',
    'permit (principal, action == AgentPass::Action::"aprove", resource);',
    /^line 1: unrecognized action `AgentPass::Action::"aprove"`/,
  ],
  [
    'a forbid that can never apply',
    `${ASK}\nforbid (principal, action, resource is AgentPass::User);`,
    /^line 2: .*(impossible|unable to find an applicable action)/,
  ],
  ['a comparison that is never true', `${ASK}\nforbid (principal, action, resource) when { 1 == 2 };`, /^line 2: policy is impossible/],
  ['a template', 'permit (principal == ?principal, action, resource);', /^line 1: a template decides nothing/],
  ['nothing at all', '// soon\n', /^has no policies: to deny everything, write forbid/],
  ['two of one name', `@id("a") ${ASK}\n@id("a") ${ASK}`, /^line 2: there is another policy of that name: "a"/],
  ['two without a name on one line', `${ASK} ${ASK}`, /^line 1: there is another policy of that name/],
  ['an annotation that is none', `@approver("x") ${ASK}`, /^line 1: @approver is no annotation of a policy/],
  ['approvers of a forbid', `${ASK}\n@approvers("user") forbid (principal, action, resource);`, /^line 2: @approvers says nothing here/],
  [
    'approvers of what is approved without a person',
    '@approvals("2") permit (principal, action == AgentPass::Action::"approve", resource);',
    /^line 1: @approvals says nothing here/,
  ],
  ['three approvals', `@approvals("3") ${ASK}`, /^line 1: @approvals is "1" or "2"/],
  ['approvals in another notation', `@approvals("0x2") ${ASK}`, /^line 1: @approvals is "1" or "2"/],
  ['an approver who is nobody', `@approvers("ada@acme.example, leads") ${ASK}`, /^line 1: @approvers names "leads"/],
  ['a name of nothing', `@id("") ${ASK}`, /^line 1: @id is a name/],
])('%s is found', async (_, text, problem) => {
  expect((await problemsOf(text)).join('\n')).toMatch(problem)
})

test('every problem of a file is told at once', async () => {
  const problems = await problemsOf(`@approvals("9") ${ASK}\n@oops("x") forbid (principal, action, resource) when { context.nothing };`)
  expect(problems.map((problem) => problem.split(':')[0])).toEqual(['line 1', 'line 2', 'line 2'])
})

test('policies are known by their names, else by their lines, in the order of the file', async () => {
  const { policies } = await compile(`${Array.from({ length: 12 }, () => ASK).join('\n')}\n@id("last")\n${ASK}`)
  expect(policies.map(({ name }) => name)).toEqual([...Array.from({ length: 12 }, (_, i) => `line ${i + 1}`), 'last'])
})

test('a file is known by what is in it', async () => {
  const [one, same, other] = [await compile(ACME_POLICY), await compile(ACME_POLICY), await compile(`${ACME_POLICY}\n`)]
  expect(one.version).toMatch(/^[\w-]{12}$/)
  expect(same.version).toBe(one.version)
  expect(other.version).not.toBe(one.version)
  expect(one.warnings).toEqual([])
})

test('a forbid that looks for a group is taken, with a warning: groups are known only of who has signed in', async () => {
  const forbid = (condition: string) => `${ASK}\nforbid (principal, action, resource) ${condition} { context.user in AgentPass::Group::"staff" };`
  expect((await compile(forbid('when'))).warnings).toEqual([expect.stringMatching(/^line 2: this forbid looks for a group/)])
  expect((await compile(forbid('unless'))).warnings).toEqual([])
})

test('a file that permits nothing is taken, with a warning', async () => {
  expect((await compile('forbid (principal, action, resource);')).warnings).toEqual(['nothing is permitted: every request is denied'])
})
