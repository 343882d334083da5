import { ValidationResponse } from '../../spec/wire/validation.ts'
import { expectAnswer, expectStatus } from '../actors/client.ts'
import { salt } from '../actors/salt.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectAdmitted, expectNotAdmitted } from './admission.ts'
import { attestHarness, attestTask, bind } from './attesting.ts'
import { suggest } from './presenting.ts'
import { type AuthorityStage, passOf } from './stage.ts'

const TYPES = ['bearer_token', 'browser_session'] as const

/** What issuance answers to a good request (§5.3.1). */
export const issuance: Case<AuthorityStage>[] = [
  {
    id: 'AUTH-ISS-01',
    about: 'a good request is sent',
    run: async (s) => {
      const reply = await s.issue(s.message(s.service()))
      expectStatus(reply, 200, 201, 202)
      expectAdmitted(reply)
    },
  },
  {
    id: 'AUTH-ISS-01/unknown-members',
    about: 'members nobody knows stand everywhere in the request',
    run: async (s) => void expectAdmitted(await s.issue(salt(s.message(s.service()), s.chance))),
  },
  {
    id: 'AUTH-ISS-01/charset',
    about: 'Content-Type has the charset, and capitals',
    run: async (s) =>
      void expectAdmitted(await s.issue(s.message(s.service()), { headers: { 'content-type': 'Application/JSON; Charset="UTF-8"' } })),
  },
  {
    id: 'AUTH-ISS-01/no-content-type',
    about: 'there is no Content-Type, which the draft does not prescribe',
    profile: 'core-0.1',
    run: async (s) => void expectAdmitted(await s.issue(Buffer.from(JSON.stringify(s.message(s.service()))))),
  },
  {
    id: 'AUTH-ISS-02',
    about: 'the answer about a request that waits is read',
    run: async (s) => {
      const { reply, message } = await s.pending(s.service())
      const { type = message.type, expires_at } = expectAdmitted(reply)
      expectEqual(type, message.type, 'type')
      expectThat(expires_at === undefined || Date.parse(expires_at) > Date.now(), 'expires_at to be in the future', expires_at)
    },
  },
  {
    id: 'AUTH-ISS-02/mass-assignment',
    about: 'the request brings the status, the pass, the agent and the scope it would like to have',
    negative: true,
    run: async (s) => {
      s.needDecision('approve')
      const service = s.service()
      const wished = { scope: ['everything'], scopes: ['everything'], expires_at: '2099-01-01T00:00:00Z', agent: { id: 'somebody-else' } }
      const chosen = { id: 'chosen-by-the-harness', status: 'approved', decision: 'approve', approved: true }
      const pass = await s.approved({
        service,
        changed: { ...wished, ...chosen, agentpass: { type: 'bearer_token', value: 'chosen-by-the-harness' } },
      })
      expectThat(pass.id !== chosen.id && pass.value !== chosen.id, 'an id and a pass of the Authority’s own', 'those of the request')
      const { scope, agent } = expectAnswer(await s.validate(pass.value, service), ValidationResponse, 'the validation answer')
      expectThat(!scope.includes('everything'), 'none of the scope that the request brought', scope)
      expectEqual(agent.id, pass.message.harness.id, 'agent.id')
    },
  },
  {
    id: 'AUTH-ISS-02/status-chosen',
    about: 'the request says that it is approved',
    negative: true,
    run: async (s) => {
      const usual = await s.pending(s.service())
      const wishing = await s.pending(s.service(), { status: 'approved', decided_by: 'policy', policy: { decision: 'approve' } })
      for (const { id, reply } of [wishing, { ...wishing, reply: await s.status(wishing.id) }])
        expectEqual({ id, status: expectAdmitted(reply).status }, { id, status: expectAdmitted(usual.reply).status }, 'the status')
    },
  },
  {
    id: 'AUTH-ISS-14',
    about: 'policy decides at once',
    run: async (s) => {
      const automatic = await s.variant('automatic')
      const { status, agentpass } = expectAdmitted(await automatic.issue(automatic.message(automatic.service())))
      expectEqual(status, 'approved', 'the status')
      s.secret(agentpass?.value ?? '')
    },
  },
  ...TYPES.map(
    (type): Case<AuthorityStage> => ({
      id: `AUTH-ISS-15/${type === 'bearer_token' ? 'bearer' : 'browser'}`,
      about: `a request for a ${type} is approved`,
      run: async (s) => {
        const { id, value, service } = await s.approved({ changed: { type } })
        expectEqual(expectAdmitted(await s.status(id)).agentpass, { type, value }, 'agentpass')
        expectEqual(expectAnswer(await s.validate(value, service), ValidationResponse, 'the validation answer').type, type, 'its type')
      },
    }),
  ),
  {
    id: 'AUTH-ISS-15/pending',
    about: 'a request that waits for its decision is asked for its pass',
    negative: true,
    run: async (s) => {
      const { id } = await s.pending(s.service())
      const { status, agentpass } = expectAdmitted(await s.status(id))
      expectThat(status !== 'pending' || agentpass === undefined, 'no pass before the decision', { status, agentpass })
    },
  },
  {
    id: 'AUTH-ISS-15/same-value',
    about: 'a request is approved while many ask how it stands, at every instance',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const { id } = await s.pending(service)
      const at = [{}, ...(s.instance.second === undefined ? [] : [{ at: s.instance.second }])]
      const poll = async () => Promise.all(Array.from({ length: 20 }, (_, i) => s.status(id, at[i % at.length])))
      const scopes = service.scopes.map(({ name }) => name)
      const [early] = await Promise.all([poll(), s.decide('approve', id, { scopes })])
      const value = await passOf(s, id)
      const seen = [...early, ...(await poll())].map((reply) => expectAdmitted(reply).agentpass?.value ?? value)
      for (const one of seen) s.secret(one)
      expectEqual(new Set(seen).size, 1, 'the number of values that were ever given as its pass')
      expectStatus(await s.validate(value, service), 200)
    },
  },
  {
    id: 'AUTH-ISS-21',
    about: 'the Authority demands attested Harnesses, and this one has no attestation',
    negative: true,
    run: async (s) => {
      const demanding = await s.variant('demanding')
      const service = demanding.service()
      const { message, holder } = bind(demanding, service)
      const reply = await demanding.issue(message)
      expectNotAdmitted(reply)
      suggest(s, reply, 403)
      expectAdmitted(await demanding.issue(attestHarness(message, s.vendorAttestation(message, holder))))
    },
  },
  {
    id: 'AUTH-ISS-21/task-alone',
    about: 'the Authority demands attested Harnesses, and this one attests its task alone',
    negative: true,
    run: async (s) => {
      const demanding = await s.variant('demanding')
      const { message, holder } = bind(demanding, demanding.service())
      const reply = await demanding.issue(attestTask(message, s.taskAttestation(message, holder)))
      expectNotAdmitted(reply)
      suggest(s, reply, 403)
      expectAdmitted(await demanding.issue(attestHarness(message, s.vendorAttestation(message, holder))))
    },
  },
]
