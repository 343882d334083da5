import { readFileSync } from 'node:fs'
import { Hono, type MiddlewareHandler } from 'hono'
import { secureHeaders } from 'hono/secure-headers'
import { Diagram, Heads, Line, lanesClass } from './diagram.tsx'
import { type Choice, Page } from './page.tsx'
import type { Player, PlayState } from './player.ts'
import type { Change, Recording } from './record.ts'

export type PageDeps = { recording: Recording; player: Player; choices: Choice[]; service: string; port: number; ended: AbortSignal }

const read = (file: string): string => readFileSync(new URL(file, import.meta.url), 'utf8')
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="none" stroke="#2f6fdb" stroke-width="2" stroke-linecap="round" d="M3 1v14M13 1v14M3 5h9m-3-3 3 3-3 3"/></svg>'

/** The world's page: a live sequence diagram for a browser on this machine. Nothing is changed but from the page itself. */
export function createPage(d: PageDeps): Hono {
  const [script, style] = [read('./follow.js'), read('./page.css')]
  const app = new Hono()
  app.use(pageHeaders)
  app.use(ownNamesOnly(d.port))
  app.get('/', (c) => {
    const { recording, player, choices, service } = d
    return c.html(<Page groups={recording.groups()} seq={seqOf(recording)} state={player.state()} choices={choices} service={service} />)
  })
  app.get('/follow.js', (c) => c.body(script, 200, { 'content-type': 'text/javascript; charset=utf-8' }))
  app.get('/page.css', (c) => c.body(style, 200, { 'content-type': 'text/css; charset=utf-8' }))
  app.get('/icon.svg', (c) => c.body(ICON, 200, { 'content-type': 'image/svg+xml' }))
  app.get('/events', (c) => {
    const after = Number(c.req.header('last-event-id') ?? c.req.query('after') ?? 0)
    return c.body(events(d, Number.isSafeInteger(after) ? after : 0), 200, { 'content-type': 'text/event-stream' })
  })
  app.post('/play', async (c) => {
    const { user } = await c.req.parseBody()
    if (!d.choices.some(({ email }) => email === user)) return c.text('nobody of that name lives here', 400)
    return d.player.play(String(user)) ? c.redirect('/', 303) : c.text('a task is being played: wait for its end', 409)
  })
  app.post('/revoke', (c) => (d.player.revoke() ? c.redirect('/', 303) : c.text('there is nothing to revoke', 409)))
  app.notFound((c) => c.text('there is nothing here', 404))
  return app
}

const pageHeaders = secureHeaders({
  contentSecurityPolicy: {
    defaultSrc: ["'none'"],
    scriptSrc: ["'self'"],
    styleSrc: ["'self'"],
    imgSrc: ["'self'"],
    connectSrc: ["'self'"],
    formAction: ["'self'"],
    baseUri: ["'none'"],
    frameAncestors: ["'none'"],
  },
  xFrameOptions: 'DENY',
  referrerPolicy: 'same-origin', // with none a browser would send `Origin: null` with our own forms
  strictTransportSecurity: false, // plain HTTP, on loopback
})

/** The page is read under the names of this machine alone, so that no other site's name can be pointed here, and changes something only from itself. */
const ownNamesOnly = (port: number): MiddlewareHandler => {
  const own = [`http://127.0.0.1:${port}`, `http://localhost:${port}`]
  return async (c, next) => {
    const { origin } = new URL(c.req.url)
    if (!own.includes(origin)) return c.text('this page has another address', 403)
    if (!['GET', 'HEAD'].includes(c.req.method) && c.req.header('origin') !== origin) return c.text('another site may not do this', 403)
    c.header('cache-control', 'no-store')
    return next()
  }
}

const seqOf = (recording: Recording): number =>
  Math.max(0, ...recording.groups().flatMap((group) => [group.seq, ...group.rows.map((row) => row.seq)]))

/** What changed since, then what changes, as server-sent events, until the reader leaves or the world ends. */
function events({ recording, player, ended }: PageDeps, after: number): ReadableStream<Uint8Array> {
  const encoder = new TextEncoder()
  let leave = () => {}
  return new ReadableStream({
    start(controller) {
      const send = (text: string) => controller.enqueue(encoder.encode(text))
      const end = () => {
        leave()
        controller.close()
      }
      const undo = [recording.follow(after, (change) => send(changeEvent(change))), player.follow((state) => send(stateEvent(state)))]
      leave = () => {
        for (const stop of undo.splice(0)) stop()
        ended.removeEventListener('abort', end)
      }
      send(stateEvent(player.state()))
      ended.addEventListener('abort', end)
      if (ended.aborted) end()
    },
    cancel: () => leave(),
  })
}

/** An element and where it belongs. One that is there already is replaced. */
function changeEvent({ seq, group, row }: Change): string {
  if (!row) return event({ id: group.id, html: String(<Diagram group={{ ...group, rows: [] }} />) }, seq)
  const html = String(<Line group={group} row={row} />)
  return event({ id: row.id, html, task: group.id, lanes: lanesClass(group), heads: String(<Heads group={group} />) }, seq)
}

const stateEvent = (state: PlayState): string => event({ state })
const event = (data: object, id?: number): string => `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify(data)}\n\n`
