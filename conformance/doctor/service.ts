import { ResolutionResponse } from '../../spec/wire/resolution.ts'
import { expectAnswer } from '../actors/client.ts'
import { expectThat } from '../case.ts'
import { expectAllowed, type Pass, type ServiceStage } from '../service/stage.ts'
import { documentHop, type Hop, requireAsked } from './hop.ts'

/** The way that every case of a Service takes. `enter` reads its document. */
export function serviceHops(enter: () => Promise<ServiceStage>, stage: Parameters<typeof documentHop>[0], url: string): Hop[] {
  const at: { s?: ServiceStage; token?: string; pass?: Pass } = {}
  const here = (): ServiceStage => at.s ?? never()
  return [
    documentHop(stage, url),
    { says: 'its document is valid', hint: 'protocol 2 says what is in it', walk: async () => void Object.assign(at, { s: await enter() }) },
    {
      says: 'it resolves the Authority of its user',
      hint: 'it must ask the suite’s DNS server, reach the suite’s address and trust the suite’s certificate authority; service.users.all is of a domain under suite.zone',
      walk: async () => {
        const { adapter, house } = here()
        const reply = await here().resolve(adapter.users.all)
        requireAsked(stage, `_agentpass.${adapter.users.all.slice(adapter.users.all.indexOf('@') + 1)}`)
        const { enterprise_authority: named } = expectAnswer(reply, ResolutionResponse, 'the resolution')
        expectThat(named?.authority === house.enterprise.identifier, `enterprise_authority ${house.enterprise.identifier}`, reply.text.slice(0, 300))
      },
    },
    {
      says: 'it redeems a pass of that Authority into a bearer token',
      hint: 'service.users.all is an account that holds every scope of service.scopes.all',
      walk: async () => {
        const { token, pass } = await here().token()
        Object.assign(at, { token, pass })
      },
    },
    {
      says: 'the token may do what each scope of service.protected protects',
      hint: 'service.protected: something that is done with the scope, and refused without it',
      walk: async () => {
        for (const scope of here().scope.all)
          if (here().adapter.protected[scope] !== undefined) expectAllowed(await here().call(scope, at.token ?? ''))
      },
    },
    {
      says: 'it begins a browser session, and the who-am-I page names user and agent',
      hint: 'service.whoami and service.destination are pages of the Service that the agent’s session may load',
      walk: async () => {
        const { cookie, pass } = await here().session()
        const page = await here().visit(cookie)
        expectThat(
          page.text.includes(pass.user) && page.text.includes('suite-agent'),
          `a page with ${pass.user} and suite-agent`,
          `${page.status} ${page.text.slice(0, 200)}`,
        )
      },
    },
  ]
}

function never(): never {
  throw new Error('an earlier step did not work')
}
