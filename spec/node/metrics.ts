import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import type { AuditEvent } from './audit.ts'

/** The process's own metrics, and a counter of the protocol's decisions by event, outcome and code. */
export function createMetrics(): { registry: Registry; count: (event: AuditEvent) => void } {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const decisions = new Counter({
    name: 'agentpass_decisions_total',
    help: 'decisions of the protocol, as they are audited',
    labelNames: ['event', 'outcome', 'code'],
    registers: [registry],
  })
  return { registry, count: ({ event, outcome, code = '' }) => decisions.inc({ event, outcome, code }) }
}

/** Adds a figure that is taken whenever somebody looks. */
export function addGauge(registry: Registry, { name, help, take }: { name: string; help: string; take: () => Promise<number> }): void {
  const gauge: Gauge = new Gauge({ name, help, registers: [registry], collect: async () => gauge.set(await take().catch(() => Number.NaN)) })
}

/** Adds figures of one kind, each under a name of its own: they are taken whenever somebody looks. */
export function addGauges(
  registry: Registry,
  { name, help, label, take }: { name: string; help: string; label: string; take: () => Promise<Record<string, number>> },
): void {
  const gauge: Gauge = new Gauge({
    ...{ name, help, labelNames: [label], registers: [registry] },
    async collect() {
      gauge.reset()
      for (const [of, figure] of Object.entries(await take().catch(() => ({})))) gauge.set({ [label]: of }, figure)
    },
  })
}
