import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const ROUTE = 'authority/issue/route.js'
const STATUS = 'authority/issue/status.js'
const GET = ".get('/issuance/:id', async (c) => {\n    await d.turns.poll(c.req.param('id'));"
const READ = `${GET}\n    return answer(await issuanceStatus(d, c.req.param('id')));`
const CANCEL = "await cancelByHarness(d, c.req.param('id'));"

/** Faults in how an Authority says how a request stands. */
export const authorityStatus: readonly Mutant[] = [
  {
    id: 'authority-status-of-another-id',
    says: 'a status does not repeat the id that was asked for',
    file: ROUTE,
    find: READ,
    replace: READ.replace(/answer\((.*)\);$/, "answer({ ...($1), id: 'request' });"),
    fails: ['AUTH-STA-01', 'AUTH-STA-01/second-instance', 'AUTH-STA-01/self'],
  },
  {
    id: 'authority-self-elsewhere',
    says: 'links.self leads to where nothing is',
    file: 'authority/node/open.js',
    find: `\`\${origin}/issuance/\${encodeURIComponent(id)}\``,
    replace: `\`\${origin}/issuance/status/\${encodeURIComponent(id)}\``,
    fails: ['AUTH-STA-01/self'],
  },
  {
    id: 'authority-links-by-forwarded-host',
    says: 'links are of the host that X-Forwarded-Host names',
    file: ROUTE,
    find: 'return answer(status, status.status',
    replace: `const host = c.req.header('x-forwarded-host');\n    if (host) return answer({ ...status, links: { self: \`https://\${host}/issuance/\${id}\` } }, 202);\n    return answer(status, status.status`,
    fails: ['AUTH-STA-01/forwarded'],
  },
  {
    id: 'authority-links-by-host',
    says: 'links are of the host that was asked for',
    file: ROUTE,
    find: 'return answer(status, status.status',
    replace: `status.links = { self: \`https://\${c.req.header('host')}/issuance/\${id}\` };\n    return answer(status, status.status`,
    fails: ['AUTH-STA-01/host'],
  },
  {
    id: 'authority-denied-is-rejected',
    says: 'what was denied is called rejected',
    file: STATUS,
    find: "case 'expired':\n            return { ...base, status,",
    replace: "case 'expired':\n            return { ...base, status: status === 'denied' ? 'rejected' : status,",
    fails: ['AUTH-STA-02', 'AUTH-STA-03/denied'],
  },
  {
    id: 'authority-approved-is-granted',
    says: 'what was approved is called granted',
    file: STATUS,
    find: 'return { ...base, status, expires_at: toRfc3339(expires_at), agentpass',
    replace: "return { ...base, status: 'granted', expires_at: toRfc3339(expires_at), agentpass",
    fails: ['AUTH-STA-02/approved', 'AUTH-STA-03/approved'],
  },
  {
    id: 'authority-poll-when-you-like',
    says: 'a request that waits does not say when to ask again',
    file: STATUS,
    find: ', poll_after_ms: POLL_AFTER_MS }',
    replace: ' }',
    fails: ['AUTH-STA-04'],
  },
  {
    id: 'authority-unknown-is-gone',
    says: 'an id that nobody has is answered 410',
    file: STATUS,
    find: "throw new ProtocolError('unknown_request', 'there is no such request');",
    replace: "throw new ProtocolError('request_gone', 'there is no such request');",
    fails: ['AUTH-STA-06'],
  },
  {
    id: 'authority-unknown-quoted',
    says: 'the answer about an id that nobody has quotes its beginning',
    file: STATUS,
    find: "throw new ProtocolError('unknown_request', 'there is no such request');",
    replace: "throw new ProtocolError('unknown_request', 'there is no request ' + id.slice(0, 8));",
    fails: ['AUTH-STA-06/alike'],
  },
  {
    id: 'authority-polls-unlimited',
    says: 'a status may be asked for as often as one likes',
    file: ROUTE,
    find: GET,
    replace: ".get('/issuance/:id', async (c) => {",
    fails: ['AUTH-STA-09'],
  },
  {
    id: 'authority-status-kept',
    says: 'a status may be kept for some seconds',
    file: ROUTE,
    find: READ,
    replace: READ.replace(/\);$/, ", 200, { 'cache-control': 'max-age=5' });"),
    fails: ['AUTH-STA-10', 'AUTH-STA-10/approved'],
  },
  {
    id: 'authority-issuance-kept',
    says: 'the answer to issuance may be kept',
    file: ROUTE,
    find: '? 202 : 200);',
    replace: "? 202 : 200, { 'cache-control': 'private' });",
    fails: ['AUTH-STA-10/issuance'],
  },
  {
    id: 'authority-any-method-cancels',
    says: 'whatever is sent to the URL of a status, but for GET, cancels the request',
    file: ROUTE,
    find: ".delete('/issuance/:id'",
    replace: ".on(['DELETE', 'POST', 'PUT', 'PATCH'], '/issuance/:id'",
    fails: ids('AUTH-STA-14', 'post', 'put', 'patch', 'post-override'),
  },
  {
    id: 'authority-head-cancels',
    says: 'HEAD cancels the request',
    file: ROUTE,
    find: GET,
    replace: `${GET}\n    if (c.req.raw.method === 'HEAD') ${CANCEL}`,
    fails: ids('AUTH-STA-14', 'head'),
  },
  {
    id: 'authority-head-takes-the-pass',
    says: 'a pass is handed out once, and to HEAD as to GET',
    file: ROUTE,
    find: GET,
    replace: `${GET}\n    if (c.req.raw.method === 'HEAD') (d.taken ??= new Set()).add(c.req.param('id'));\n    if (c.req.raw.method === 'GET' && d.taken?.has(c.req.param('id'))) return answer({ error: { code: 'request_gone', message: 'taken' } }, 410);`,
    fails: ids('AUTH-STA-14', 'head', 'head-approved'),
  },
  {
    id: 'authority-method-override',
    says: 'a header may say that a request means another method',
    file: ROUTE,
    find: GET,
    replace: `${GET}\n    if (c.req.header('x-http-method-override') === 'DELETE') ${CANCEL}`,
    fails: ids('AUTH-STA-14', 'override'),
  },
  {
    id: 'authority-paths-decoded-first',
    says: 'a path is decoded, and walked, before it is looked up',
    file: 'spec/node/doors.js',
    find: 'const app = new Hono();',
    replace: 'const app = new Hono({ getPath: (request) => new URL(decodeURIComponent(new URL(request.url).pathname), request.url).pathname });',
    fails: ids('AUTH-STA-14', 'encoded-slash'),
  },
]
