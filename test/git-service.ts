/** An ordinary app for `agentpass run` to reach through a Service's gateway: a git repository over smart HTTP, and pages that show what can go wrong. */
import { execFileSync, spawn } from 'node:child_process'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { join } from 'node:path'

export const LARGE_BYTES = 8_000_000

/** The scopes of the gateway in front: reading and writing are told apart by what git asks for. */
export const GIT_SCOPES = [
  { name: 'repo:read', allows: ['GET /site.git/**', 'POST /site.git/git-upload-pack', 'GET /pages/*', 'PUT /pages/*'] },
  { name: 'repo:write', allows: ['POST /site.git/git-receive-pack'] },
]

/** A repository that can be pushed to. */
export function createRepository(folder: string): void {
  execFileSync('git', ['init', '--quiet', '--bare', '--initial-branch=main', join(folder, 'site.git')])
  execFileSync('git', ['-C', join(folder, 'site.git'), 'config', 'http.receivepack', 'true'])
}

/** Serves a folder of repositories, and the pages; `elsewhere` is where a redirect leads. */
export const serveGit = (folder: string, elsewhere: () => string) =>
  createServer(async (request, response) => {
    const { method, url = '' } = request
    if (url.startsWith('/site.git/')) return askGit(folder, request, response)
    if (url === '/pages/large') return void response.end(Buffer.alloc(LARGE_BYTES, 'x'))
    if (url === '/pages/away') return void response.writeHead(307, { location: elsewhere() }).end()
    let size = 0
    for await (const data of request) size += data.length
    response.writeHead(200, { 'x-size': String(size) }).end(`${method} ${size}`)
  })

/** Lets git's own CGI program answer (RFC 3875). */
function askGit(folder: string, request: IncomingMessage, response: ServerResponse): void {
  const { method, url = '', headers } = request
  const [path, query = ''] = url.split('?')
  const meta = { GIT_PROJECT_ROOT: folder, GIT_HTTP_EXPORT_ALL: '1', REMOTE_USER: 'ada', REMOTE_ADDR: '127.0.0.1' }
  const asked = { REQUEST_METHOD: method, PATH_INFO: path, QUERY_STRING: query, CONTENT_TYPE: headers['content-type'] }
  const more = { HTTP_CONTENT_ENCODING: headers['content-encoding'], GIT_PROTOCOL: String(headers['git-protocol'] ?? '') }
  const cgi = spawn('git', ['http-backend'], { env: { PATH: process.env.PATH, ...meta, ...asked, ...more } })
  request.pipe(cgi.stdin.on('error', () => {}))
  cgi.stdout.toArray().then((chunks) => {
    const all = Buffer.concat(chunks)
    const end = all.indexOf('\r\n\r\n')
    const fields = new Map(
      all
        .toString('latin1', 0, end)
        .split('\r\n')
        .map((line): [string, string] => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)]),
    )
    const status = Number.parseInt(fields.get('Status') ?? '200', 10)
    fields.delete('Status')
    response.writeHead(status, Object.fromEntries(fields)).end(all.subarray(end + 4))
  })
}
