/** A peer that knows the published draft and no more works with ours in `core-0.1`, whichever party it is, and however many of them there are. */
import { expect, test } from 'vitest'
import { acquire } from '../harness/acquire.ts'
import { endTask } from '../harness/revoke.ts'
import { BEYOND, draftMembers, type Party } from './draft-difference.ts'
import { CHECK_SECONDS, DRAFT, type Flow, peers } from './draft-rig.ts'
import { codeOf, SERVICE, USER } from './parties.ts'
import type { Members } from './spec/jws-fixture.ts'

const FLOWS: Flow[] = ['bearer token', 'browser session']
const WHO: Party[][] = [
  ['Harness'],
  ['Service'],
  ['Authority'],
  ['Harness', 'Service'],
  ['Harness', 'Authority'],
  ['Service', 'Authority'],
  ['Harness', 'Service', 'Authority'],
]
const CASES = FLOWS.flatMap((flow) => WHO.map((who) => [who.join(' and '), flow, who] as const))

/** The parties named know the published draft alone; `authority` are settings of the Authority. */
const open = (who: readonly Party[], authority: object = {}) => {
  const draft = (party: Party) => ({ lacks: who.includes(party) ? DRAFT : [] })
  return peers({
    Harness: { ...draft('Harness'), isAttested: true },
    Service: draft('Service'),
    Authority: { ...draft('Authority'), settings: authority },
  })
}

test.each(CASES)('draft: %s; a %s is got, used under continuous check, and ends with its revocation within the cache time', async (_, flow, who) => {
  const w = await open(who)
  const held = await w.trip(flow)
  expect((await held.act()).status).toBe(200)
  for (const checks of [2, 3]) {
    w.pass(CHECK_SECONDS + 1)
    expect((await held.act()).status).toBe(200)
    expect(w.count('check answer')).toBe(checks)
  }
  expect((await w.revoke()).status).toBe(200)
  w.pass(CHECK_SECONDS)
  const refused = await held.act()
  expect([refused.status, await codeOf(refused)]).toEqual([401, 'invalid_token'])
  expect(w.refused.filter(({ at }) => at !== 'POST /authorization/check')).toEqual([])
})

test.each(CASES)(
  'draft: %s; the end of the task of a %s is told as far as there is somebody to tell, and all of it ends in time',
  async (_, flow, who) => {
    const w = await open(who)
    const held = await w.trip(flow)
    const canBeTold = !who.includes('Harness') && !who.includes('Service')
    expect(await endTask(w, { service: SERVICE, token: held.token, revokeUrl: held.revokeUrl })).toBe(canBeTold)
    expect((await held.act()).status).toBe(canBeTold ? 401 : 200)
    expect(await w.state()).toBe(canBeTold && !who.includes('Authority') ? 'completed' : 'active')
    w.pass(3600)
    expect((await held.act()).status).toBe(401)
  },
)

test.each(WHO.map((who) => [who.join(' and '), who] as const))('draft: %s; a browser session begins as both of its ends know how', async (_, who) => {
  const w = await open(who)
  const { initialization } = await w.trip('browser session')
  const isByUrl = who.includes('Harness') || who.includes('Service')
  expect(initialization).toMatchObject({
    method: isByUrl ? 'GET' : 'POST',
    url: expect.stringMatching(isByUrl ? /initialize\?token=/ : /initialize$/),
  })
})

test.each(FLOWS)('where the Authority does not say when an authorization ends, a %s ends by the own maximum of the Service', async (flow) => {
  const w = await open(['Authority'], { lifetimes: { authorization_seconds: 86_400 } })
  const held = await w.trip(flow)
  const from = w.now()
  w.pass(3599)
  expect((await held.act()).status).toBe(200)
  w.pass(1)
  expect(w.now() - from).toBe(3600)
  expect((await held.act()).status).toBe(401)
  expect(await w.state()).toBe('active')
})

test('a Harness that would listen polls an Authority that has nothing to listen to', async () => {
  for (const who of [[], ['Authority']] as Party[][]) {
    const w = await open(who)
    const listened: string[] = []
    w.harness.fetchEvents = async (url) => {
      listened.push(url)
      throw new Error('it broke')
    }
    expect((await (await w.trip('bearer token')).act()).status).toBe(200)
    expect(listened).toHaveLength(1 - who.length)
  }
})

test('a request that is called off is canceled where the Authority knows how, and otherwise waits for its deadline', async () => {
  for (const [who, status] of [[[], 'canceled'] as const, [['Authority'], 'pending'] as const]) {
    const w = await open(who)
    const leaving = new AbortController()
    const wait = async () => {
      leaving.abort(new Error('called off'))
      throw leaving.signal.reason
    }
    const wanted = { service: SERVICE, user: USER, task: 'Answer ticket 17', signal: leaving.signal }
    await expect(acquire({ ...w.harness, wait }, wanted)).rejects.toThrow('called off')
    expect((await w.newest()).status).toBe(status)
  }
})

/** Members of steps that are not built. */
const UNSAID = [
  ...['issuance request: delegation', 'issuance status: links.approval', 'issuance status: approval_number', 'validation answer: act'],
  ...['bearer redemption: token_types', 'bearer grant: token_type'],
]

test('the difference between the drafts is whole: ours say nothing else beyond the published one, and all of it', async () => {
  const hardened = { profile: 'hardened' } as const
  const w = await peers({ Harness: { ...hardened, isAttested: true }, Service: hardened, Authority: hardened })
  for (const flow of FLOWS) {
    const held = await w.trip(flow)
    expect((await held.act()).status).toBe(200)
    await endTask(w, { service: SERVICE, ...held })
  }
  const beyond = w.heard.flatMap(({ message, members }) => beyondThe(draftMembers(message), members).map((member) => `${message}: ${member}`))
  const known = BEYOND.map(({ message, member }) => `${message}: ${member}`)
  expect(new Set(beyond.filter((path) => !known.some((row) => isWithin(path, row))))).toEqual(new Set())
  const said = known.filter((row) => beyond.some((path) => isWithin(path, row)))
  expect(new Set([...said, ...UNSAID])).toEqual(new Set(known))
})

test('of a peer that knows the published draft nothing else is heard, and there is nothing to be heard that is not in it', async () => {
  const w = await open(['Harness', 'Service', 'Authority'])
  for (const flow of FLOWS) await w.trip(flow).then(({ act }) => act())
  const beyond = w.heard.flatMap(({ message, members }) => beyondThe(draftMembers(message), members).map((member) => `${message}: ${member}`))
  expect(beyond).toEqual([])
  const unheard = BEYOND.map(({ message }) => message).filter((message) => w.count(message) === 0)
  expect(new Set(unheard)).toEqual(new Set(['close request', 'close answer']))
})

const isWithin = (path: string, row: string): boolean => path === row || path.startsWith(`${row}.`)

/** The paths of all members that are not within one of these. That a signed object is a JWT tells no kind. */
function beyondThe(draft: string[], members: Members, above = ''): string[] {
  return Object.entries(members).flatMap(([name, member]) => {
    const path = above + name
    if (member === null || (path === 'typ' && member === 'JWT') || draft.some((known) => isWithin(path, known))) return []
    return typeof member === 'object' && !Array.isArray(member) ? beyondThe(draft, { ...member }, `${path}.`) : [path]
  })
}
