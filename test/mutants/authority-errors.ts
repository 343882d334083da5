import type { Mutant } from './mutant.ts'

const ROUTE = 'authority/redeem/route.js'

/** Faults in what an Authority says when it refuses, and in what it logs. */
export const authorityErrors: readonly Mutant[] = [
  {
    id: 'errors-as-text',
    says: 'an address where nothing is answers with text',
    file: 'spec/node/doors.js',
    find: 'return (await d.present?.(nothing, c.req.raw)) ?? refuse(nothing);',
    replace: "return new Response('404 not found', { status: 404 });",
    fails: ['CFG-X-01/authority', 'CFG-X-02/authority'],
  },
  {
    id: 'errors-without-media-type',
    says: 'errors do not say that they are JSON',
    file: 'spec/error.js',
    find: 'return Response.json({ error: { code: e.code, message: e.message } }, { status: e.status, headers });',
    replace: 'return new Response(JSON.stringify({ error: { code: e.code, message: e.message } }), { status: e.status, headers });',
    fails: ['CFG-X-02/authority'],
  },
  {
    id: 'errors-with-stack',
    says: 'errors tell their stack',
    file: 'spec/error.js',
    find: 'message: e.message } }',
    replace: 'message: String(e.stack) } }',
    fails: ['CFG-X-03/authority'],
  },
  {
    id: 'errors-with-pass',
    says: 'a refused validation names the pass',
    file: ROUTE,
    find: '() => redeem(d, agentpass.value, caller)',
    replace: `() => redeem(d, agentpass.value, caller).catch((failure) => {
        failure.message += \`: \${agentpass.value}\`;
        throw failure;
    })`,
    fails: ['CFG-X-03/authority'],
  },
  {
    id: 'errors-with-what-a-peer-said',
    says: 'what a Service answers is passed on in the error',
    file: 'authority/issue/scopes.js',
    find: 'const { scopes } = await readAnswer(response, ScopesResponse).catch(unavailable);',
    replace: `const said = await response.clone().text();
    const { scopes } = await readAnswer(response, ScopesResponse).catch(() => {
        throw new ProtocolError('service_unavailable', \`the service said: \${said}\`);
    });`,
    fails: ['CFG-X-03/authority-upstream'],
  },
  {
    id: 'authority-logs-pass',
    says: 'the pass is logged when it is validated',
    file: ROUTE,
    find: 'const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);',
    replace: "const { agentpass } = await readBody(c.req.raw, ValidationRequest, d.profile);\n    d.log.info('validating', { service, agentpass });",
    fails: ['SVC-AUD-03/authority'],
  },
  {
    id: 'log-lines-unescaped',
    says: 'line breaks are put back into the lines of the log',
    file: 'spec/node/log.js',
    find: '}, { write });',
    replace: "}, { write: (line) => write(line.replace(/\\\\+n/g, '\\n')) });",
    fails: ['SVC-AUD-04/authority'],
  },
]
