import { Hono } from 'hono'
import { accountRoutes } from './account-route.tsx'
import { administrationRoutes } from './administration-route.tsx'
import { authorizationsRoutes } from './authorizations-route.tsx'
import type { ConsoleDeps } from './console.ts'
import { deliveriesRoutes } from './deliveries-route.tsx'
import { CONSOLE } from './door.ts'
import { rememberedRoutes } from './remembered-route.tsx'
import { requestsRoutes } from './requests-route.tsx'
import { signInRoutes } from './sign-in-route.tsx'

const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><rect x="2" y="2" width="12" height="12" rx="3" fill="#1f56c3"/><path fill="none" stroke="#fff" stroke-width="2" stroke-linecap="round" stroke-linejoin="round" d="m5 8.5 2 2 4-5"/></svg>'
/** The address of a style or script has its digest, so what is kept is never stale. */
const KEPT = 'public, max-age=31536000, immutable'

/** The console: the pages on which people see what agents ask for and hold, decide, and take back. */
export const consoleRoutes = (d: ConsoleDeps) => {
  const asset = (text: string, type: string) => () =>
    new Response(text, {
      headers: { 'content-type': type, 'cache-control': KEPT, 'x-content-type-options': 'nosniff', 'cross-origin-resource-policy': 'same-origin' },
    })
  return new Hono()
    .get(CONSOLE, (c) => c.redirect(`${CONSOLE}/requests`, 303))
    .get(`${CONSOLE}/assets/console.css`, asset(d.assets.style, 'text/css; charset=utf-8'))
    .get(`${CONSOLE}/assets/console.js`, asset(d.assets.script, 'text/javascript; charset=utf-8'))
    .get(`${CONSOLE}/assets/icon.svg`, asset(ICON, 'image/svg+xml'))
    .route('/', signInRoutes(d))
    .route('/', requestsRoutes(d))
    .route('/', authorizationsRoutes(d))
    .route('/', rememberedRoutes(d))
    .route('/', administrationRoutes(d))
    .route('/', deliveriesRoutes(d))
    .route('/', accountRoutes(d))
}
