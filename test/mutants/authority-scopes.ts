import { ids } from './ids.ts'
import type { Mutant } from './mutant.ts'

const SCOPES = 'authority/issue/scopes.js'
const ISSUE = 'authority/issue/issue.js'
const READ = 'await readAnswer(response, ScopesResponse).catch(unavailable);'
const SOME = "({ scopes: [{ name: 'things:read' }] })"

/** Faults in how an Authority learns what it may approve. */
export const authorityScopes: readonly Mutant[] = [
  {
    id: 'authority-scopes-for-anybody',
    says: 'the Service is not told which agent asks',
    file: ISSUE,
    find: 'agent: identity.agent,\n        task',
    replace: "agent: { id: 'agent' },\n        task",
    fails: ['AUTH-ISS-17', 'AUTH-ISS-17/decomposed', 'AUTH-ISS-17/line-break', 'AUTH-HATT-08'],
  },
  {
    id: 'authority-scopes-badly-signed',
    says: 'the assertion of the question does not verify',
    file: SCOPES,
    find: 'const assertion = await d.signAssertion(service.service.origin);',
    replace: "const assertion = (await d.signAssertion(service.service.origin)).replace(/.{9}$/, 'AAAAAAAAA');",
    fails: ['AUTH-ISS-17'],
  },
  {
    id: 'authority-scopes-remembered',
    says: 'a Service is asked once, for whoever comes first',
    file: ISSUE,
    find: 'await d.askScopes(service, {',
    replace:
      'await ((service, about) => { const known = (d.known ??= new Map()); const name = service.service.origin; if (!known.has(name)) known.set(name, d.askScopes(service, about)); return known.get(name); })(service, {',
    fails: ['AUTH-ISS-17/each-user', 'AUTH-ISS-20/later'],
  },
  {
    id: 'authority-names-composed',
    says: 'the name of a Harness is trimmed, and composed',
    file: 'authority/issue/identify.js',
    find: 'const { id } = request.harness;',
    replace: "const id = request.harness.id.normalize('NFKC').trim();",
    fails: ['AUTH-ISS-17/decomposed'],
  },
  {
    id: 'authority-name-in-header',
    says: 'the name of the agent is sent to the Service in a header',
    file: 'spec/peer.js',
    find: "accept: 'application/json',",
    replace: "accept: 'application/json', ...(message.agent && { 'x-agent': encodeURI(message.agent.id).replaceAll('%0D%0A', '\\r\\n') }),",
    fails: ['AUTH-ISS-17/line-break'],
  },
  {
    id: 'authority-assertion-for-the-endpoint',
    says: 'the assertion is for the URL that is asked, and not for the Service',
    file: SCOPES,
    find: 'd.signAssertion(service.service.origin)',
    replace: 'd.signAssertion(service.endpoints.available_scopes)',
    fails: ['AUTH-ISS-18', 'AUTH-ISS-18/each-service'],
  },
  {
    id: 'authority-assertion-kept',
    says: 'one assertion is signed, and sent to every Service',
    file: SCOPES,
    find: 'await d.signAssertion(service.service.origin)',
    replace: 'await (globalThis.kept ??= d.signAssertion(service.service.origin))',
    fails: ['AUTH-ISS-18', 'AUTH-ISS-18/each-service', 'AUTH-ISS-18/each-question'],
  },
  {
    id: 'authority-assertion-for-an-hour',
    says: 'an assertion lives for an hour',
    file: 'spec/assertion.js',
    find: 'const SIGNED_FOR_SECONDS = 60;',
    replace: 'const SIGNED_FOR_SECONDS = 3600;',
    fails: ['AUTH-ISS-18'],
  },
  {
    id: 'authority-scopes-guessed',
    says: 'where the answer of a Service cannot be read, the least scope is offered',
    file: SCOPES,
    find: READ,
    replace: `await readAnswer(response, ScopesResponse).catch(() => ${SOME});`,
    fails: ids(
      'AUTH-ISS-20',
      ...['missing', 'error-200', 'text', 'nameless', '401', '429', '503', '500', '204', '206', 'short', 'huge', 'bomb', 'slow', 'later'],
      ...['html', 'empty', 'null', 'list', 'text', 'trailing', 'deep', 'utf-16'].map((slug) => `body-${slug}`),
    ),
  },
  {
    id: 'authority-scopes-guessed-in-an-outage',
    says: 'where a Service cannot be reached, the least scope is offered',
    file: SCOPES,
    find: 'about, assertion).catch(unavailable);',
    replace: `about, assertion).catch(() => Response.json(${SOME}));`,
    fails: ids('AUTH-ISS-20', '302', '308', 'closed', 'silent'),
  },
  {
    id: 'authority-scopes-guessed-when-refused',
    says: 'where a Service refuses, the least scope is offered',
    file: SCOPES,
    find: "throw new ProtocolError('unprocessable', 'the service does not take this authority for this user', {",
    replace: `return ${SOME}.scopes; (0, {`,
    fails: ids('AUTH-ISS-20', '403', '404'),
  },
  {
    id: 'authority-nothing-offered-is-everything',
    says: 'a Service that offers nothing has no scopes, and is approved as a whole',
    file: SCOPES,
    find: "throw new ProtocolError('unprocessable', 'the service offers this user no scope');",
    replace: "return [{ name: '*' }];",
    fails: ids('AUTH-ISS-20', 'none'),
  },
  {
    id: 'authority-follows-redirects',
    says: 'redirects are followed',
    file: 'spec/node/fetch.js',
    find: "'manual' : 'error'",
    replace: "'manual' : 'follow'",
    fails: ids('AUTH-ISS-20', '302', '308'),
  },
  {
    id: 'authority-partial-answer-read',
    says: 'a part of an answer (206) is taken for the whole',
    file: 'spec/peer.js',
    find: ' && response.status !== 206',
    replace: '',
    fails: ids('AUTH-ISS-20', '206'),
  },
  {
    id: 'authority-answer-of-any-status',
    says: 'the status of an answer is not looked at',
    file: 'spec/peer.js',
    find: 'response.ok && response.status !== 206',
    replace: 'response !== undefined',
    fails: ids('AUTH-ISS-20', '500', '206'),
  },
]
