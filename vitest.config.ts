import { defineConfig } from 'vitest/config'

/** What is true in the end is waited for long enough on a busy machine, and looked at often enough on a quiet one. */
const patience = { testTimeout: 60_000, hookTimeout: 60_000, expect: { poll: { timeout: 30_000, interval: 50 } } }

/** What states facts about a store, or about many at once, is run on both databases. */
const ON_BOTH = [
  'test/store/*.test.ts',
  'test/single-use.test.ts',
  'test/crash.test.ts',
  'test/keys-rotation{,-trip}.test.ts',
  'test/trip.test.ts',
  'test/authority-{approve,audit,backup,caps,close,events,harness-keys,redeem,revocations,revoke,status}.test.ts',
  'test/service-{audit,browser,check,redeem-once,revoke}.test.ts',
  'test/attacks/replay*.test.ts',
  'test/push-*.test.ts',
  'test/notify-{whom,deliver,retry,crash}.test.ts',
  'test/broker-{open,tasks,recover}.test.ts',
  'test/policy-{approvals,forgotten,remembered}.test.ts',
  'test/export-cursor.test.ts',
  'test/faults/full-disk.test.ts',
]

export default defineConfig({
  test: {
    maxWorkers: '100%', // a CPU left free is one of two on a small machine
    globalSetup: ['test/compiled.ts'],
    projects: [
      {
        test: {
          ...patience,
          name: 'sqlite',
          include: ['test/**/*.test.ts', 'test/**/*.test.tsx'],
          exclude: ['test/store/postgres/**', 'test/browser/**'],
          provide: { onPostgres: false },
        },
      },
      {
        test: {
          ...patience,
          name: 'browser',
          include: ['test/browser/*.test.ts'],
          globalSetup: ['test/browser/chromium.ts'],
          setupFiles: ['test/browser/needs-chromium.ts'],
          provide: { onPostgres: false },
        },
      },
      {
        test: {
          ...patience,
          name: 'postgres',
          include: [...ON_BOTH, 'test/store/postgres/*.test.ts'],
          globalSetup: ['test/postgres.ts'],
          setupFiles: ['test/needs-postgres.ts'],
          provide: { onPostgres: true },
        },
      },
    ],
  },
})
