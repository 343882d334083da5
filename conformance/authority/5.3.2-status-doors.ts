import { member } from '../actors/authority.ts'
import { isSuccess, type Reply, type Send } from '../actors/client.ts'
import { type Case, expectEqual, expectThat } from '../case.ts'
import { expectAdmitted } from './admission.ts'
import { expectStillGood, suggest } from './presenting.ts'
import { type AuthorityStage, passOf } from './stage.ts'

const OVERRIDES = ['x-http-method-override', 'x-http-method', 'x-method-override']
const DECISION = { status: 'approved', action: 'approve', decision: 'approve', scope: ['things:read'] }

/** What is sent to the URL of a status, which knows GET alone, and perhaps DELETE. */
const DOORS: [slug: string, about: string, sends: Send[]][] = [
  ['head', 'HEAD is sent to its status URL', [{ method: 'HEAD' }]],
  ['post', 'a decision is posted to its status URL', [{ method: 'POST', body: DECISION }]],
  ['put', 'a decision is put to its status URL', [{ method: 'PUT', body: DECISION }]],
  ['patch', 'its status is to be patched', [{ method: 'PATCH', body: DECISION }]],
  ['override', 'GET says that it means DELETE', OVERRIDES.map((name) => ({ headers: { [name]: 'DELETE' } }))],
  ['post-override', 'POST says that it means DELETE', OVERRIDES.map((name) => ({ method: 'POST', body: {}, headers: { [name]: 'DELETE' } }))],
]

/** What nobody has as an id: another path, written so that it is none. */
const ids = (s: AuthorityStage, id: string): [slug: string, id: string][] => {
  const up = '../'.repeat(pathOf(s.document.endpoints.issuance_status).split('/').length - 2)
  return [
    ['document', up + pathOf(s.instance.configuration_url).slice(1)],
    ['below', `${id}/events`],
    ['slash', `${id}/`],
    ['self', `./${id}`],
    ['twice', `${id}/../${id}`],
    ['query', `${id}?status=approved`],
    ['nul', `${id}\0`],
  ]
}
const pathOf = (url: string): string => new URL(url.replaceAll('{id}', 'id')).pathname
const REFUSED = [400, 404, 405]

/** That an answer is no document of any kind. */
function expectNothing(s: AuthorityStage, reply: Reply, slug: string): void {
  expectThat(!isSuccess(reply), `nothing at an id that is none (${slug})`, `${reply.status} ${reply.text.slice(0, 200)}`)
  expectThat(reply.status < 500, `a refusal (4xx) of an id that is none (${slug})`, `${reply.status} ${reply.text.slice(0, 200)}`)
  suggest(s, reply, ...REFUSED)
}

/** The URL of a status is for reading alone, and leads nowhere else (§5.3.2). */
export const statusDoors: Case<AuthorityStage>[] = [
  ...DOORS.map(
    ([slug, about, sends]): Case<AuthorityStage> => ({
      id: `AUTH-STA-14/${slug}`,
      about: `a request waits, and ${about}`,
      negative: true,
      run: async (s) => {
        const service = s.service()
        const { id } = await s.pending(service)
        for (const send of sends) {
          const reply = await s.status(id, send)
          if (!['HEAD', undefined].includes(send.method)) suggest(s, reply, 404, 405)
        }
        expectEqual(expectAdmitted(await s.status(id)).status, 'pending', 'the status')
        await s.decide('approve', id, { scopes: ['things:read'] })
        await expectStillGood(s, { id, value: await passOf(s, id), service, message: s.message(service) })
      },
    }),
  ),
  {
    id: 'AUTH-STA-14/head-approved',
    about: 'a request is approved, and HEAD is sent to its status URL before anybody fetches the pass',
    negative: true,
    run: async (s) => {
      const service = s.service()
      const { id, message } = await s.pending(service)
      await s.decide('approve', id, { scopes: ['things:read'] })
      const head = await s.status(id, { method: 'HEAD' })
      expectEqual(head.text, '', 'the body of an answer to HEAD')
      await expectStillGood(s, { id, value: await passOf(s, id), service, message })
    },
  },
  {
    id: 'AUTH-STA-14/encoded-slash',
    about: 'ids that are other paths are asked for, with their slashes encoded',
    negative: true,
    run: async (s) => {
      const { id } = await s.pending(s.service())
      for (const [slug, odd] of ids(s, id)) {
        expectNothing(s, await s.status(odd), slug)
        const twice = s.statusUrl(encodeURIComponent(odd)) // encoded once more
        expectNothing(s, await s.client.send(twice), `${slug}, encoded twice`)
      }
      expectEqual(member((await s.status(id)).json, 'id'), id, 'the id')
    },
  },
]
