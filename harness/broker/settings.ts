import { z } from 'zod'
import { userPattern } from '../../spec/email.ts'
import { secretPlace, serverSettings } from '../../spec/node/settings.ts'
import { origin } from '../../spec/origin.ts'
import { harnessMembers } from '../settings.ts'

/** An agent that this broker serves. `users` and `services` limit for whom and where it may ask. */
const agent = z.strictObject({
  name: z.string().regex(/^[\w.@-]{1,100}$/, 'is no name such as ticket-bot: letters, digits and . @ _ -'),
  credential: secretPlace,
  users: z.array(userPattern).min(1).optional(),
  services: z.array(origin).min(1).optional(),
})

/** A fleet broker's settings file. Members that are not explained here are common ones of `spec/node/settings.ts`, or the command's own. */
export const BrokerSettings = z
  .strictObject({
    ...serverSettings,
    ...harnessMembers,
    /** The broker's own origin: where agents reach it. */
    broker: origin,
    agents: z.array(agent).min(1),
    limits: z
      .strictObject({
        /** Tasks of one agent that are not over. */
        live_tasks: z.int().min(1).default(100),
        starts_per_minute: z.int().min(1).default(60),
        /** MCP sessions of one agent. */
        mcp_sessions: z.int().min(1).default(20),
      })
      .prefault({}),
  })
  .superRefine(({ agents }, context) => {
    const names = agents.map(({ name }) => name)
    const repeated = names.filter((name, i) => names.indexOf(name) !== i)
    if (repeated.length > 0) context.addIssue({ code: 'custom', path: ['agents'], message: `${[...new Set(repeated)].join(', ')} is there twice` })
  })
export type BrokerSettings = z.infer<typeof BrokerSettings>
