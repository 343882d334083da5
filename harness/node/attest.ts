import { type ExecFileException, execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Fetch } from '../../spec/effects.ts'
import type { NetworkSettings } from '../../spec/node/settings.ts'
import { httpsUrl } from '../../spec/origin.ts'
import { discard, isSuccess, readAnswer } from '../../spec/peer.ts'
import {
  type Attest,
  type AttestationSettings,
  argumentsFor,
  attestByKey,
  attestByToken,
  type TokenSource,
  tokenIn,
  tokenRequestPath,
} from '../attest.ts'
import { printable } from '../failure.ts'
import type { Io } from './io.ts'
import { requireKey } from './key.ts'
import type { Network } from './network.ts'
import type { Environment, Settings } from './settings.ts'
import type { Outside } from './trip.ts'

type AttestOutside = Pick<Outside, 'io' | 'environment' | 'now' | 'openNetwork' | 'signal'>
type Cluster = NonNullable<AttestationSettings['kubernetes']>

/** What attests this Harness by its settings; undefined where nothing does. Throws OperatorError for a vendor's key that cannot be used. */
export async function openAttest(o: AttestOutside, settings: Settings, { fetch }: Pick<Network, 'fetch'>): Promise<Attest | undefined> {
  const { attestation: by, profile, network } = settings
  if (!by) return undefined
  if (by.vendor_key) {
    const { file, kid, issuer, subject, lifetime_seconds: lifetimeSeconds } = by.vendor_key
    const key = { ...(await requireKey(file, 'vendor key')), ...(kid !== undefined && { keyId: kid }) }
    return attestByKey({ now: o.now, profile }, { key, issuer, subject, lifetimeSeconds })
  }
  if (by.github_actions) return attestByToken(githubActions(o, fetch))
  if (by.kubernetes) return attestByToken(kubernetes(o, by.kubernetes, network))
  return attestByToken(commandSource(o, by.command ?? []))
}

const bearer = (token: string) => {
  if (!/^[\x21-\x7e]+$/.test(token)) throw new Error('its own token is none that a header can carry') // fetch would quote it
  return { authorization: `Bearer ${token}`, accept: 'application/json' }
}

async function read<S extends z.ZodType>(response: Response, schema: S): Promise<z.infer<S>> {
  if (!isSuccess(response)) await discard(response) // whatever is in it, its status says enough
  return readAnswer(response, schema)
}

/** The token endpoint of a job of GitHub Actions, which the job's environment names. */
const githubActions = ({ environment, signal }: AttestOutside, fetch: Fetch): TokenSource => ({
  name: 'GitHub Actions',
  remedy: 'the job needs permissions: id-token: write; its steps then have ACTIONS_ID_TOKEN_REQUEST_URL and ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  get: async (audience) => {
    const { ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token } = environment
    if (!url || !token) throw new Error(`${url ? 'ACTIONS_ID_TOKEN_REQUEST_TOKEN' : 'ACTIONS_ID_TOKEN_REQUEST_URL'} is not set`)
    if (!httpsUrl.safeParse(url).success) throw new Error('ACTIONS_ID_TOKEN_REQUEST_URL is no https URL')
    const separator = url.includes('?') ? '&' : '?'
    const response = await fetch(`${url}${separator}audience=${encodeURIComponent(audience)}`, { headers: bearer(token), redirect: 'error', signal })
    return (await read(response, z.looseObject({ value: z.string() }))).value
  },
})

const TOKEN_SECONDS = 600 // Kubernetes gives none for less
const ANYWHERE = ['0.0.0.0/0', '::/0'] // no stranger names the API of this cluster, and a cluster's addresses are private

/** The TokenRequest API of the cluster: a token that is in the pod already cannot name the key of a task. */
const kubernetes = (o: AttestOutside, cluster: Cluster, network: NetworkSettings): TokenSource => ({
  name: 'Kubernetes',
  remedy: "the pod's service account must be mounted, and may create serviceaccounts/token for itself: harness/README.md has the role",
  get: async (audience) => {
    const podToken = (await readFile(join(cluster.folder, 'token'), 'utf8')).trim()
    const url = `${cluster.api_server ?? apiServerOf(o.environment)}${tokenRequestPath(podToken)}`
    const api = o.openNetwork({ ...network, ca_file: join(cluster.folder, 'ca.crt'), allow_private: ANYWHERE })
    try {
      const wanted = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { audiences: [audience], expirationSeconds: TOKEN_SECONDS },
      }
      const headers = { ...bearer(podToken), 'content-type': 'application/json' }
      const response = await api.fetch(url, { method: 'POST', headers, body: JSON.stringify(wanted), redirect: 'error', signal: o.signal })
      return (await read(response, z.looseObject({ status: z.looseObject({ token: z.string() }) }))).status.token
    } finally {
      await api.close()
    }
  },
})

function apiServerOf({ KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port = '443' }: Environment): string {
  if (!host) throw new Error('KUBERNETES_SERVICE_HOST is not set: this is no pod')
  return `https://${host.includes(':') ? `[${host}]` : host}:${port}`
}

const LIMIT_MS = 30_000
const MAX_PRINTED_BYTES = 64 * 1024

type Running = Pick<Outside, 'environment' | 'signal'> & { io: Pick<Io, 'err'> }

/** A program that prints a token, started without a shell; at most `limitMs`. What it says on standard error is shown when it fails. */
export const commandSource = (o: Running, [program = '', ...args]: string[], limitMs = LIMIT_MS): TokenSource => ({
  name: `the command ${program}`,
  remedy: 'it must print one JWT, or JSON that holds one, for the audience in place of {audience}: run it by hand',
  get: async (audience) => tokenIn(await run(o, { program, args: argumentsFor(args, audience), limitMs })),
})

type Line = { program: string; args: string[]; limitMs: number }

function run({ io, environment, signal }: Running, { program, args, limitMs }: Line): Promise<string> {
  return new Promise((resolve, reject) => {
    const options = { env: environment, signal, timeout: limitMs, maxBuffer: MAX_PRINTED_BYTES, killSignal: 'SIGKILL', windowsHide: true } as const
    const child = execFile(program, args, options, (failure, printed, said) => {
      if (!failure) return resolve(printed)
      for (const line of said.split('\n').filter((text) => text.trim() !== '')) io.err(`${printable(line)}\n`)
      reject(new Error(whyFailed(failure, limitMs))) // its own message has the arguments
    })
    child.stdin?.end()
  })
}

function whyFailed({ code, killed, signal }: ExecFileException, limitMs: number): string {
  if (typeof code === 'number') return `it ended with ${code}`
  if (code) return code === 'ERR_CHILD_PROCESS_STDIO_MAXBUFFER' ? 'it printed too much' : `it cannot be run (${code})`
  return killed ? `it did not end within ${limitMs / 1000} s` : `it was ended by ${signal}`
}
