import type { Now } from '../../spec/effects.ts'
import type { ClientOf } from '../../spec/node/client.ts'
import type { TakeTurn } from '../../spec/node/doors.ts'
import type { ExportState } from '../../spec/node/export/states.ts'
import type { PolicyState } from '../policy/current.ts'
import type { RegisterDeps } from '../register/register.ts'
import type { BulkDeps } from '../revoke/bulk.ts'
import type { Lane } from '../store/notifications.ts'
import type { DecideDeps } from './decide.ts'
import type { Frame } from './pages/page.tsx'
import type { Provider } from './provider.ts'
import type { SessionDeps } from './session.ts'
import type { ConsoleSettings } from './settings.ts'
import type { ConsoleStreams } from './streams.ts'

/** What is served beside the pages. */
export type Assets = { style: string; script: string }

/** What the console's pages stand on. */
export type ConsoleDeps = DecideDeps &
  SessionDeps &
  BulkDeps &
  RegisterDeps & {
    now: Now
    origin: string
    settings: ConsoleSettings
    provider: Provider
    assets: Assets
    frame: () => Frame
    streams: ConsoleStreams
    clientOf: ClientOf
    policyState: () => PolicyState
    exportStates: () => Promise<ExportState[]>
    /** How often one address may begin to sign in, and one person ask for something. */
    consoleTurns: { signIn: TakeTurn; act: TakeTurn }
    /** The ways by which the settings have people and programs told of requests. */
    lanes: Lane[]
    /** The settings in force, as text for people. */
    settingsText: string
  }
