import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Suite } from './suite.ts'

/** How a suite runs the command line of our Harness: the `harness` part of its adapter. */
export function describeHarness(suite: Suite, settingsFile: string) {
  const program = fileURLToPath(new URL('../../../harness/main', import.meta.url))
  const [main = ''] = ['.js', '.ts'].map((ending) => program + ending).filter((file) => existsSync(file))
  const about = ['--user', '{user}', '--task', '{task}', '--json', '--config', settingsFile]
  const agentpass = [process.execPath, ...process.execArgv, main]
  return {
    bearer: [...agentpass, 'call', 'GET', '{url}', ...about],
    browser: [...agentpass, 'browser', '--service', '{service}', '--storage-state', '{scratch}/state.json', ...about],
    options: { scope: ['--scope', '{scope}'], authority: ['--authority', '{authority}'], destination: ['--destination', '{destination}'] },
    env: {
      AGENTPASS_RESOLVER: `${suite.address}:${suite.dns_port}`,
      AGENTPASS_CA: suite.ca_file,
      AGENTPASS_ALLOW_PRIVATE: '127.0.0.0/8',
      XDG_STATE_HOME: '{scratch}/state',
      XDG_CONFIG_HOME: '{scratch}/config',
    },
    deadline_seconds: 60,
  }
}
