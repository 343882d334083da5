/** Broken situations as a person at the keyboard meets them: whatever is broken, the command says at which step, with whom, and what to do about it. */
import { chmodSync } from 'node:fs'
import { expect, test } from 'vitest'
import { toRfc3339 } from '../spec/time.ts'
import { commandLine, TOKEN_LINE } from './harness-cli-rig.ts'
import { ACME, type Answer, answer, approved, authorityDocument, DESK, pending, referenceTo, refusal, serviceDocument } from './harness-rig.ts'

type CommandLine = ReturnType<typeof commandLine>
type Break = (c: CommandLine) => void
/** What is broken, at which step and with whom that is seen, and what the message and the hint say of it. */
type Situation = { is: string; breaks: Break; step: string; peer: string; says: string; mend: string }

const OTHER = 'https://other.example'
const publishes =
  (...values: string[]): Break =>
  (c) =>
    c.publish('_agentpass-service.desk.example', ...values)
const at =
  (page: 'configuration' | 'resolve' | 'redeem', next: Answer): Break =>
  (c) => {
    c.service[page] = next
  }
const issues =
  (next: (c: CommandLine) => Response | Promise<Response>): Break =>
  (c) => {
    c.authority.issue = () => next(c)
  }
const polls =
  (next: (c: CommandLine) => Response | Promise<Response>): Break =>
  (c) => {
    c.authority.polls = [() => next(c)]
  }
const refuses = (status: number, code: string) => refusal(status, code, 'so it is')
const elsewhere: Answer = () => new Response(null, { status: 307, headers: { location: OTHER } })
const timeAt = (c: CommandLine, seconds: number) => ({ date: new Date((c.now() + seconds) * 1000).toUTCString() })
const waits = (c: CommandLine) => answer(pending({ expires_at: toRfc3339(1_700_000_060) }), c.calls.length > 4 ? 200 : 202)()

const discover = { step: 'discover', peer: DESK }
const DISCOVERY: Situation[] = [
  {
    is: 'a service without a record',
    breaks: publishes(),
    ...discover,
    says: 'publishes no AgentPass service record',
    mend: 'check the service URL',
  },
  { is: 'a malformed record', breaks: publishes('v=spf1 -all'), ...discover, says: 'no https URL', mend: 'may be missing or broken' },
  { is: 'two records', breaks: publishes(`${DESK}/a`, `${DESK}/b`), ...discover, says: 'contradict each other', mend: 'may be missing or broken' },
  { is: 'a service that is down', breaks: (c) => c.net.unplug(DESK), ...discover, says: 'cannot be fetched: no site', mend: 'check the service URL' },
  {
    ...{ is: 'a service without AgentPass behind its record', breaks: at('configuration', () => new Response('<!doctype html>')) },
    ...{ ...discover, says: 'not JSON with a version', mend: 'may be missing or broken' },
  },
  {
    ...{ is: 'a service of another version', breaks: at('configuration', answer(serviceDocument({ version: '2.0' }))) },
    ...{ ...discover, says: 'version "2.0"', mend: 'may be missing or broken' },
  },
]

const resolve = { step: 'resolve', peer: DESK, says: 'so it is' }
const several = answer({ trusted_federated_authorities: [referenceTo(ACME), referenceTo(OTHER)] })
const RESOLUTION: Situation[] = [
  { is: 'delegation switched off by the domain', breaks: at('resolve', refuses(403, 'delegation_disabled')), ...resolve, mend: 'its administrators' },
  { is: 'nobody who may decide', breaks: at('resolve', refuses(404, 'no_authority')), ...resolve, mend: 'administrators to publish one' },
  { is: 'a look-up that fails at the service', breaks: at('resolve', refuses(502, 'discovery_failed')), ...resolve, mend: 'at the peer: try again' },
  {
    ...{ is: 'several authorities, and nobody to ask', breaks: at('resolve', several), ...resolve },
    ...{ says: 'there is nobody to ask', mend: `--authority ${ACME} or --authority ${OTHER}` },
  },
  {
    ...{ is: 'an authority that is down', breaks: (c) => c.net.unplug(ACME), step: 'resolve', peer: ACME },
    ...{ says: 'cannot be fetched: no site', mend: 'tell its operators' },
  },
  {
    is: 'an authority that calls itself another',
    breaks: (c) => {
      c.authority.configuration = answer(authorityDocument(OTHER))
    },
    ...{ step: 'resolve', peer: ACME, says: 'another authority than the one expected', mend: 'tell its operators' },
  },
]

const issue = { step: 'issue', peer: ACME, says: 'so it is' }
const signedLate = (c: CommandLine) => answer({ error: { code: 'invalid_attestation', message: 'so it is' } }, 401, timeAt(c, -3600))()
const ISSUANCE: Situation[] = [
  { is: 'a policy that says no', breaks: issues(refuses(403, 'policy_denied')), ...issue, mend: 'ask its administrators' },
  { is: 'a harness that is not known well enough', breaks: issues(refuses(403, 'trust_tier_required')), ...issue, mend: 'attested or registered' },
  { is: 'a service that the authority does not find', breaks: issues(refuses(422, 'unknown_service')), ...issue, mend: 'check the service URL' },
  { is: 'too many requests', breaks: issues(refuses(429, 'rate_limited')), ...issue, mend: 'wait a while' },
  { is: "this machine's clock an hour ahead", breaks: issues(signedLate), ...issue, mend: `clock is 3600 s ahead of that of ${ACME}: set it` },
]

const approve = { step: 'approve', peer: ACME }
const ended = (status: string) => polls(answer(pending({ status, reason: 'not today' })))
const goesAway = (c: CommandLine) => {
  c.net.unplug(ACME)
  return answer(pending(), 202)()
}
const waitsForAnother: Break = (c) => {
  issues(waits)(c)
  polls(waits)(c)
}
const APPROVAL: Situation[] = [
  { is: 'an approver who says no', breaks: ended('denied'), ...approve, says: 'was denied: not today', mend: 'or talk to them' },
  { is: 'a request that nobody decided', breaks: ended('expired'), ...approve, says: 'was expired', mend: 'when somebody who may decide is there' },
  { is: 'a request that was called off', breaks: ended('canceled'), ...approve, says: 'was canceled', mend: 'start again' },
  {
    ...{ is: 'an approval by somebody who may not, which leaves the request waiting', breaks: waitsForAnother },
    ...{ ...approve, says: 'nobody decided in time', mend: 'when somebody who may decide is there' },
  },
  { is: 'a network lost while somebody decides', breaks: issues(goesAway), ...approve, says: 'be reached any more', mend: 'check the network' },
  { is: 'a status that sends elsewhere', breaks: polls(elsewhere), ...approve, says: 'answered 307, a redirect', mend: 'tell its operators' },
  { is: 'a pass that was fetched too late', breaks: polls(refuses(410, 'request_gone')), ...approve, says: 'so it is', mend: 'start again' },
]

const redeem = { step: 'redeem', peer: DESK, says: 'so it is' }
const goesDown = (c: CommandLine) => {
  c.net.unplug(DESK)
  return answer(approved())()
}
const REDEMPTION: Situation[] = [
  { is: 'an approval for another user', breaks: at('redeem', refuses(403, 'user_mismatch')), ...redeem, mend: 'check --user' },
  { is: 'a pass that is used already', breaks: at('redeem', refuses(409, 'already_consumed')), ...redeem, mend: 'used up: start again' },
  { is: 'a pass that has expired', breaks: at('redeem', refuses(422, 'invalid_agentpass')), ...redeem, mend: 'no longer good: start again' },
  { is: 'a scope that is refused', breaks: at('redeem', refuses(403, 'insufficient_scope')), ...redeem, mend: 'ask for fewer scopes' },
  { is: 'a clock that is off, by a peer that says no time', breaks: at('redeem', refuses(401, 'invalid_proof')), ...redeem, mend: "machine's clock" },
  { is: 'an authority trusted no longer', breaks: at('redeem', refuses(403, 'untrusted_authority')), ...redeem, mend: 'start again' },
  { is: 'a service that cannot reach it', breaks: at('redeem', refuses(502, 'authority_unavailable')), ...redeem, mend: 'operators of both' },
  { is: 'a service that is busy', breaks: at('redeem', refuses(503, 'overloaded')), ...redeem, mend: 'wait a while' },
  { is: 'a service that goes down then', breaks: polls(goesDown), ...redeem, says: 'no usable answer', mend: 'the pass may be used up' },
]

test.each([...DISCOVERY, ...RESOLUTION, ...ISSUANCE, ...APPROVAL, ...REDEMPTION])('$is: step, peer and remedy are told', async (situation) => {
  const c = commandLine()
  situation.breaks(c)
  const { code, err, json } = await c.run(...TOKEN_LINE, '--json')
  const { step, peer, message, hint } = json.error
  expect([code, step, peer]).toEqual([1, situation.step, situation.peer])
  expect(message).toContain(situation.says)
  expect(hint).toContain(situation.mend)
  expect(err).toContain(`agentpass: error: at step ${step}, ${peer}: ${message}\nagentpass: hint: ${hint}\n`)
  expect([c.files(), c.leftOpen()]).toEqual([[], 0])
})

test('a token that was ended by a revocation: the service is named, the token forgotten, and another one to be asked for', async () => {
  const c = commandLine()
  await c.run(...TOKEN_LINE)
  c.service.api = refusal(401, 'invalid_token', 'the access was ended')
  const { code, err } = await c.run('call', 'GET', `${DESK}/api/tickets/17`)
  expect([code, c.files()]).toEqual([1, []])
  expect(err).toContain(`at step use, ${DESK}: the access was ended (401 invalid_token)\nagentpass: hint: the token was ended: get another one`)
})

test('settings that are broken: the file, each member, and where the right ones are listed', async () => {
  const c = commandLine()
  c.settings('user: ada\nnetwork: { dns_servers: [dns.example] }\n')
  const { code, err } = await c.run(...TOKEN_LINE)
  expect(code).toBe(2)
  expect(err).toContain('config.yaml: user is no e-mail address')
  expect(err).toContain('config.yaml: network.dns_servers.0 is no address of a DNS server')
  expect(err).toContain('agentpass: hint: correct the settings: harness/README.md lists them\n')
})

test('state that others may read: the folder, and the command that closes it', async () => {
  const c = commandLine()
  await c.run('status')
  chmodSync(c.state, 0o755)
  const { code, err } = await c.run(...TOKEN_LINE)
  expect([code, c.calls]).toEqual([1, []])
  expect(err).toContain(`others may read or write the state folder ${c.state}\nagentpass: hint: chmod 700 ${c.state}\n`)
})
