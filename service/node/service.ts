import type { ServerParty } from '../../spec/node/server-party.ts'
import { hostOf } from '../../spec/origin.ts'
import { ServiceSettings } from '../settings.ts'
import { migrations } from '../store/migrations/all.ts'
import { openService } from './open.ts'
import { createForward } from './upstream.ts'

/** The Service as its command line knows it. */
export const service: ServerParty<ServiceSettings> = {
  name: 'service',
  command: 'agentpass-service',
  schema: ServiceSettings,
  migrations,
  identity: (settings) => settings.service,
  records: ({ service: origin }) => [{ name: `_agentpass-service.${hostOf(origin)}`, value: `${origin}/.well-known/agentpass-service` }],
  async open(opening) {
    const { forward, close } = createForward(opening.settings.upstream.url, opening.settings.service)
    try {
      const opened = await openService({ ...opening, forward })
      return {
        ...opened,
        async stop() {
          await opened.stop()
          await close()
        },
      }
    } catch (failure) {
      await close()
      throw failure
    }
  },
}
