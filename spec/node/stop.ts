import type { Log } from './log.ts'

/** The signals that end a process. Node takes SIGHUP as meant for it even where `nohup` began it. */
export const STOPPING: NodeJS.Signals[] = ['SIGTERM', 'SIGINT', 'SIGHUP']

/**
 * Waits until this process is to end: by SIGTERM, SIGINT or SIGHUP, or because something went wrong that nobody caught, which is logged and makes the exit code 1.
 * The caller then stops gracefully; a second signal ends the process at once, but for SIGHUP, which a terminal that is closed sends more than once.
 */
export function untilStopped(log: Log): Promise<void> {
  return new Promise((resolve) => {
    let signalled = false
    for (const signal of STOPPING)
      process.on(signal, () => {
        if (signalled && signal === 'SIGHUP') return
        if (signalled) process.exit(1)
        signalled = true
        log.info('stopping', { code: signal })
        resolve()
      })
    for (const event of ['uncaughtException', 'unhandledRejection'])
      process.on(event, (failure: unknown) => {
        log.error('stopping', { code: event, failure })
        process.exitCode = 1
        resolve()
      })
  })
}
