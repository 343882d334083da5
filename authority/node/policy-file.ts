import { readFile } from 'node:fs/promises'
import { setFlagsFromString } from 'node:v8'
import { messageOf, OperatorError } from '../../spec/node/operator-error.ts'
import { pathBeside, SettingsError } from '../../spec/node/settings.ts'
import { type CompiledPolicies, compilePolicies, PolicyError } from '../policy/compile.ts'
import { openPolicyFile, type PolicyFileDeps, type PolicyInForce, policyOfSettings } from '../policy/current.ts'
import type { Engine } from '../policy/engine.ts'
import type { AuthoritySettings } from '../settings.ts'

/**
 * Loads the Cedar engine, which takes a tenth of a second. V8 is told first not to inline its calls: where code that was optimized so is discarded during a call that gives an object,
 * V8 of Node 20 ends the process ("unreachable code" in its deoptimizer).
 */
export function loadEngine(): Promise<Engine> {
  setFlagsFromString('--no-turbo-inline-js-wasm-calls')
  return import('@cedar-policy/cedar-wasm/nodejs')
}

const MOST_BYTES = 1024 * 1024

/** Reads a policy file. Throws Error with a sentence for people. */
export async function readPolicyFile(path: string): Promise<string> {
  const bytes = await readFile(path).catch((cause) => {
    throw new Error(`the policy file ${path} cannot be read: ${messageOf(cause)}`, { cause })
  })
  if (bytes.length > MOST_BYTES) throw new Error(`the policy file ${path} is over 1 MiB`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw new Error(`the policy file ${path} is not UTF-8`, { cause })
  }
}

type Given = Omit<PolicyFileDeps, 'engine' | 'file' | 'read' | 'timeZone'>

/** The policy that settings name: their rules, or a file beside them. Throws OperatorError with every problem of the file. */
export async function openPolicy({ policy }: AuthoritySettings, settingsFile: string, given: Given): Promise<PolicyInForce> {
  if (policy.file === undefined) return policyOfSettings(policy)
  const file = pathBeside(settingsFile, policy.file)
  const engine = await loadEngine()
  return openPolicyFile({ ...given, engine, file, timeZone: policy.time_zone, read: () => readPolicyFile(file) }).catch((failure) => {
    throw problemsOf(failure, file)
  })
}

/** Reads a policy file and finds it good. Throws OperatorError with every problem. */
export async function checkedFile(file: string): Promise<CompiledPolicies> {
  try {
    return await compilePolicies(await loadEngine(), await readPolicyFile(file))
  } catch (failure) {
    throw problemsOf(failure, file)
  }
}

/** What is wrong with a policy file, as the commands say it. */
function problemsOf(failure: unknown, file: string): OperatorError {
  if (failure instanceof PolicyError)
    return new SettingsError(file, failure.problems, {
      cause: failure,
      hint: 'agentpass-authority policy schema prints what a policy may speak of',
    })
  return new OperatorError(messageOf(failure), { cause: failure, exitCode: 2, hint: 'policy.file is relative to the settings file' })
}
