import type { Registry } from 'prom-client'
import { hostOf } from '../../origin.ts'
import type { AuditTable } from '../audit.ts'
import type { Database } from '../database.ts'
import { addGauges } from '../metrics.ts'
import type { Effects } from '../party.ts'
import type { Secrets } from '../secrets.ts'
import type { Chore } from '../sweep.ts'
import type { ExportTables } from './cursor.ts'
import { exportedEvent } from './event.ts'
import { createExporter, type Exporter } from './exporter.ts'
import { createFileSink } from './file.ts'
import { createHttpsSink } from './https.ts'
import { createOcsf } from './ocsf.ts'
import { keepPseudonyms, openPseudonyms, type PseudonymOf } from './pseudonyms.ts'
import type { ReadyExporter } from './ready.ts'
import { redact } from './redact.ts'
import type { Sink } from './sink.ts'
import { type ExportState, exportStates } from './states.ts'
import { createSyslogSink } from './syslog.ts'

/** What a party exports, and as whom. */
export type Exporting = {
  /** The name the party has on the wire: receivers tell trails apart by it. */
  source: string
  party: string
  exporters: ReadyExporter[]
  /** After which what was written to a receiver that says nothing counts as handed over, unless its connection broke. */
  confirmSeconds?: number
}
export type Exports = {
  chores: Chore[]
  states: () => Promise<ExportState[]>
  /** Hands over what was audited last, as far as that takes a moment, then ends all connections. */
  stop: () => Promise<void>
}
type Tables = AuditTable & ExportTables
type ExportsDeps = { db: Database<Tables>; secrets: Secrets; effects: Effects; metrics: Registry }
type Making = ExportsDeps & { exporting: Exporting; pseudonymOf: PseudonymOf; signal: AbortSignal }

const CONFIRM_SECONDS = 30
const LOOK_MS = 500

/** The exporters of a party: each goes its own way, and a dead receiver holds up nothing but itself. Throws OperatorError for a master key that is missing. */
export async function openExports(d: ExportsDeps, exporting: Exporting): Promise<Exports> {
  const pseudonymOf = wantsPseudonyms(exporting.exporters) ? await openPseudonyms(d.db, { ...d.effects, secrets: d.secrets }) : await noPseudonyms(d)
  const stopping = new AbortController()
  const making = { ...d, exporting, pseudonymOf, signal: stopping.signal }
  const running = exporting.exporters.map((exporter) => ({ name: exporter.name, exporter: exporterOf(making, exporter) }))
  const states = () => exportStates(d.db.read, exporting.exporters)
  if (running.length > 0) addExportGauges(d.metrics, states)
  return {
    chores: running.map(({ name, exporter }) => ({ name: `export ${name}`, everyMs: LOOK_MS, run: exporter.look })),
    states,
    async stop() {
      await Promise.all(running.map(({ exporter }) => exporter.lookLast()))
      stopping.abort()
      await Promise.all(
        running.map(({ exporter, name }) => exporter.stop().catch((failure) => d.effects.log.warn('export_failed', { exporter: name, failure }))),
      )
    },
  }
}

/** Whether any exporter needs the key of the pseudonyms. */
export const wantsPseudonyms = (exporters: Pick<ReadyExporter, 'pseudonymize'>[]): boolean =>
  exporters.some(({ pseudonymize }) => pseudonymize.length > 0)

/** Nobody wants them now: a key of before is kept, and one that cannot be opened holds up no start. */
async function noPseudonyms({ db, secrets, effects }: ExportsDeps): Promise<PseudonymOf> {
  await keepPseudonyms(db, secrets).catch((failure) => effects.log.warn('export_key_unusable', { failure }))
  return () => ''
}

function exporterOf(d: Making, exporter: ReadyExporter): Exporter {
  const { source } = d.exporting
  return createExporter({
    ...d.effects,
    db: d.db,
    name: exporter.name,
    from: exporter.from,
    sink: sinkOf(d, exporter),
    present: (row) => redact(exportedEvent(row, source), exporter, d.pseudonymOf),
  })
}

function sinkOf({ effects: { now, fetch }, signal, exporting }: Making, exporter: ReadyExporter): Sink {
  const { source, party, confirmSeconds = CONFIRM_SECONDS } = exporting
  switch (exporter.to) {
    case 'file':
      return createFileSink(exporter.path)
    case 'syslog':
      return createSyslogSink({ now, signal, confirmSeconds }, exporter, { host: hostOf(source), app: `agentpass-${party}` })
    case 'https':
      return createHttpsSink({ fetch, now, signal }, { ...exporter, shape: createOcsf(party) })
  }
}

function addExportGauges(metrics: Registry, states: () => Promise<ExportState[]>): void {
  const by = (figure: (state: ExportState) => number) => async () => Object.fromEntries((await states()).map((state) => [state.name, figure(state)]))
  addGauges(metrics, {
    ...{ name: 'agentpass_export_behind_events', help: 'events that are not handed over to an exporter yet', label: 'exporter' },
    take: by(({ behind_events }) => behind_events),
  })
  addGauges(metrics, {
    ...{ name: 'agentpass_export_failing', help: '1 while an exporter cannot hand over', label: 'exporter' },
    take: by(({ failing_since }) => (failing_since === null ? 0 : 1)),
  })
}
