#!/usr/bin/env node
import { environment, systemNow, systemRandom, systemWait } from '../spec/node/settings.ts'
import { STOPPING } from '../spec/node/stop.ts'
import { runAgentpass } from './node/command.ts'
import { processIo } from './node/io.ts'
import { openNetwork } from './node/network.ts'
import { openBrowser } from './node/opener.ts'
import { CANCELED } from './node/report.ts'

const canceling = new AbortController()
let tellInstead: ((signal: NodeJS.Signals) => void) | undefined
for (const signal of STOPPING)
  process.on(signal, () => {
    if (tellInstead) return tellInstead(signal)
    if (canceling.signal.aborted && signal === 'SIGHUP') return // a terminal that is closed sends it more than once, and no person means it
    if (canceling.signal.aborted) process.exit(CANCELED)
    process.stderr.write('agentpass: canceling; once more to end at once\n')
    canceling.abort(new Error('canceled'))
  })

const divertSignals = (to: (signal: NodeJS.Signals) => void) => {
  tellInstead = to
  return () => {
    tellInstead = undefined
  }
}

const effects = { now: systemNow, random: systemRandom, wait: systemWait, environment: environment(), openNetwork, openBrowser, divertSignals }
process.exitCode = await runAgentpass(process.argv.slice(2), { ...effects, io: processIo(), signal: canceling.signal })
