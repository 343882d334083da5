// A minimal AgentPass 0.1 Harness, written from the published draft alone: one trip, nothing kept, nothing but Node.
// node harness.mjs CONFIG.json --type bearer|browser --service ORIGIN --user EMAIL --task TEXT
//   [--scope S …] [--authority ID] [--destination URL] [--call URL]
import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { setTimeout as sleep } from 'node:timers/promises'
import { createSecureContext, rootCertificates } from 'node:tls'
import { parseArgs } from 'node:util'

const text = { type: 'string' }
const { positionals, values: options } = parseArgs({
  allowPositionals: true,
  options: {
    ...{ type: text, service: text, user: text, task: text, authority: text, destination: text, call: text },
    scope: { type: 'string', multiple: true },
  },
})
const settings = JSON.parse(readFileSync(positionals[0], 'utf8'))
const FLOOR_MS = 1000 // between two polls
const LONGEST_WAIT_MS = 3_600_000 // for a decision without a deadline
const UNKNOWN_STATUS_MS = 20_000
const RETRIES = 5 // of a poll that fails in a row

const fail = (step, reason) => {
  throw Object.assign(new Error(`${step}: ${reason}`), { isOurs: true })
}
const demand = (met, step, reason) => met || fail(step, reason)
const seconds = () => Math.floor(Date.now() / 1000)
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value) => typeof value === 'string' && value !== ''
const HTTPS_URL = /^https:\/\/[^\s\p{Cc}@/?#\\]+([/?][^\s\p{Cc}#]*)?(#[^\s\p{Cc}]*)?$/iu // without userinfo
const isLink = (value) => isText(value) && value.length <= 2048 && HTTPS_URL.test(value) && URL.canParse(value)
const isHttpsUrl = (value) => isLink(value) && !value.includes('#')
const isIdentifier = (value) => isHttpsUrl(value) && [value, `${value}/`].includes(new URL(value).href)
const isEntry = (value) => isObject(value) && isIdentifier(value.authority) && isHttpsUrl(value.authority_configuration_url)

const resolver = new Resolver({ timeout: 1000, tries: 2 })
resolver.setServers([settings.dns_server])
// Private networks are refused. Loopback is not, as the conformance suite lives there: a deployment adds 127.
const PRIVATE = /^(0|10|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|198\.1[89]|22[4-9]|2[3-5]\d)\.[\d.]+$/
const requirePublic = (host) => (PRIVATE.test(host) || host.startsWith('[') ? fail('call', 'a private address') : host)
const resolve = async (host) => requirePublic((await resolver.resolve4(host))[0])
const lookup = (host, _options, done) => resolve(host).then((address) => done(null, address, 4), done)
const secureContext = createSecureContext({ ca: [...rootCertificates, readFileSync(settings.ca_file, 'utf8')], minVersion: 'TLSv1.2' })

/** An answer of any status: https alone, no redirect followed, five seconds in all, at most 64 KiB. Throws. */
async function call(url, { body, ...init }) {
  demand(isLink(url) && requirePublic(new URL(url).hostname), 'call', 'not an https URL')
  const all = { ...init, secureContext, lookup, autoSelectFamily: false, agent: false, signal: AbortSignal.timeout(5000) }
  const response = await new Promise((done, failed) => https.request(url, all, done).on('error', failed).end(body))
  let bytes = Buffer.alloc(0)
  for await (const chunk of response) {
    bytes = Buffer.concat([bytes, chunk])
    demand(bytes.length <= 65_536, 'call', 'the answer is too large')
  }
  return { status: response.statusCode, headers: response.headers, bytes }
}

/** Calls, and gives the JSON object of a successful answer. The reason of a failure never has the URL, which may be a secret. */
async function callForJson(step, url, init) {
  const { status, bytes } = await call(url, init).catch(({ message, isOurs, code }) => fail(step, isOurs ? message : `no answer (${code})`))
  demand(status >= 200 && status < 300 && status !== 206, step, `answered ${status}`)
  return parseObject(step, bytes)
}
function parseObject(step, bytes) {
  let value
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes))
  } catch {}
  return isObject(value) ? value : fail(step, 'the answer is not a JSON object')
}
const get = (step, url) => callForJson(step, url, { headers: { accept: 'application/json' } })
const post = (step, url, message) => {
  const headers = { 'content-type': 'application/json', accept: 'application/json' }
  return callForJson(step, url, { method: 'POST', headers, body: JSON.stringify(message) })
}

function requireVersion(step, { version }) {
  const isKnown = isText(version) && /^0\.\d+$/.test(version)
  demand(isKnown, step, `configuration version ${JSON.stringify(version)?.slice(0, 20)} is not supported, 0.x is`)
}

async function discoverService(origin) {
  const step = 'discover'
  demand(isHttpsUrl(origin) && new URL(origin).origin === origin, step, `the Service is not an origin such as https://service.example`)
  const name = `_agentpass-service.${new URL(origin).hostname}`
  const records = await resolver.resolveTxt(name).catch(({ code }) => fail(step, `no TXT record ${name} (${code})`))
  const [url, ...more] = new Set(records.map((strings) => strings.join('').replace(/^[ \t]+|[ \t]+$/g, '')).filter(isHttpsUrl))
  demand(url && more.length === 0, step, `the TXT record ${name} is not one https URL`)
  const service = await get(step, url)
  requireVersion(step, service)
  demand(service.kind === 'service' && service.service?.origin === origin, step, 'the configuration is of another Service')
  const { resolve_authorities, redeem_browser_session, redeem_bearer_token } = service.endpoints ?? {}
  const redeem = options.type === 'browser' ? redeem_browser_session : redeem_bearer_token
  demand(isHttpsUrl(resolve_authorities) && isHttpsUrl(redeem), step, 'an endpoint of the Service is missing')
  return { resolve: resolve_authorities, redeem }
}

/** Exactly one of the Authorities that the Service offers: the one named on the command line, or the first. */
async function chooseAuthority(url) {
  const step = 'resolve'
  const answer = await post(step, url, { user: { email: options.user } })
  const { enterprise_authority: enterprise, service_authority: own, trusted_federated_authorities: federated } = answer
  // naive: what stands beside an enterprise_authority is not looked at; a real one refuses an answer that contradicts itself
  const isList = enterprise !== undefined || federated === undefined || (Array.isArray(federated) && federated.length > 0)
  demand(isList, step, 'trusted_federated_authorities is not a list of Authorities')
  const offered = enterprise !== undefined ? [enterprise] : [own, ...(federated ?? [])].filter((entry) => entry !== undefined)
  demand(offered.length > 0 && offered.every(isEntry), step, 'the Service offers no Authority that can be used')
  const chosen = offered.find(({ authority }) => authority === (options.authority ?? authority))
  return chosen ?? fail(step, 'the Service does not offer the Authority that was asked for')
}
async function loadAuthority(url) {
  const step = 'authority'
  const document = await get(step, url)
  requireVersion(step, document)
  const { authority, trust_mode, endpoints } = document
  const { issuance, issuance_status: template } = endpoints ?? {}
  const isValid = isIdentifier(authority) && ['enterprise', 'federated', 'service'].includes(trust_mode) && isHttpsUrl(issuance)
  demand(isValid && isHttpsUrl(template) && template.includes('{id}'), step, 'the configuration of the Authority is not valid')
  // naive: `authority` is taken as it comes; a real one compares it with what the Service named, so that no other steps in between
  return { authority, issuance, template }
}

/** A key for this task alone: it never leaves the process. */
const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
function signAsHolder(claims) {
  const times = { iat: seconds(), exp: seconds() + 60 }
  const parts = [
    { alg: 'ES256', typ: 'JWT' },
    { iss: settings.harness_id, ...claims, ...times },
  ]
  const input = parts.map((part) => Buffer.from(JSON.stringify(part)).toString('base64url')).join('.')
  const signature = sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
  return `${input}.${signature.toString('base64url')}`
}
const digest = (value, encoding) => createHash('sha256').update(value).digest(encoding)

async function requestPass(type, { issuance, template }) {
  const task = { id: randomUUID(), description: options.task }
  const attestation = { jwt: signAsHolder({ task_id: task.id, task_description_hash: digest(task.description, 'hex') }) }
  const status = await post('issue', issuance, {
    type,
    service: { origin: options.service },
    user: { email: options.user },
    harness: { id: settings.harness_id, cnf: { jwk: publicKey.export({ format: 'jwk' }) } },
    task: { ...task, attestation },
    ...(type === 'browser_session' && options.destination && { intent: { destination_url: options.destination } }),
  })
  demand(isText(status.id) && isText(status.status), 'issue', 'the answer is no issuance status')
  return waitForDecision(type, status, expandStatusUrl(template, status.id))
}

function expandStatusUrl(template, id) {
  demand(!/^\.{1,2}$/.test(id), 'issue', 'the id of the request cannot be part of a path')
  const url = template.replaceAll('{id}', () => encodeURIComponent(id))
  demand(isHttpsUrl(url) && new URL(url).origin === new URL(template).origin, 'issue', 'the status URL is not where its template is')
  return url
}

/** Asks until there is a decision: once more after the deadline, and then no more. */
async function waitForDecision(type, first, url) {
  const step = 'poll'
  const startedAt = Date.now()
  let document = first
  for (let polls = 0; ; polls++) {
    const { status, reason, agentpass } = document
    if (status === 'approved') {
      const isUsable = agentpass?.type === type && isText(agentpass.value)
      return isUsable ? agentpass : fail(step, 'approved, but without a pass that can be used')
    }
    if (['denied', 'expired', 'canceled'].includes(status))
      fail(step, `the request is ${status}${isText(reason) ? ` (${reason.slice(0, 200)})` : ''}`)
    // naive: a status that is not known is waited out like pending; a real one ends the attempt
    if (status !== 'pending' && Date.now() - startedAt > UNKNOWN_STATUS_MS) fail(step, 'the status stays unknown')
    const deadline = (isText(document.expires_at) && Date.parse(document.expires_at)) || startedAt + LONGEST_WAIT_MS
    demand(document.askedAt === undefined || document.askedAt < deadline, step, 'still pending at the deadline')
    const asked = Number.isFinite(document.poll_after_ms) ? document.poll_after_ms : FLOOR_MS * 1.3 ** Math.min(polls, 4)
    const untilDeadline = Math.max(deadline - Date.now(), 0) + FLOOR_MS
    await sleep(Math.min(Math.max(asked, FLOOR_MS), untilDeadline))
    document = await pollPatiently(url, deadline)
  }
}

/** One answer to a poll, after as many tries as it takes, within bounds: 404 and 410 are final, 429 and 5xx are not. */
async function pollPatiently(url, deadline) {
  for (let tries = 1; ; tries++) {
    const askedAt = Date.now()
    const { status, headers, bytes } = await call(url, { headers: { accept: 'application/json' } }).catch(() => ({ status: 599, headers: {} }))
    if (status >= 200 && status < 300 && status !== 206) return { ...parseObject('poll', bytes), askedAt }
    const isPassing = status === 429 || status >= 500
    demand(isPassing && tries <= RETRIES && askedAt < deadline, 'poll', status === 599 ? 'no answer' : `answered ${status}`)
    const wanted = headers['retry-after'] ?? ''
    const retryMs = /^\d+$/.test(wanted) ? Number(wanted) * 1000 : Date.parse(wanted) - Date.now() || 0
    await sleep(Math.min(Math.max(retryMs, FLOOR_MS * 2 ** (tries - 1)), Math.max(deadline - Date.now(), 0) + FLOOR_MS))
  }
}

/** Presents the pass, once, with a proof of the key that it is bound to. */
function redeem(url, authority, agentpass) {
  const proof = { jti: randomUUID(), aud: options.service, htm: 'POST', htu: url, aph: digest(agentpass.value, 'base64url') }
  return post('redeem', url, {
    agentpass: { type: agentpass.type, value: agentpass.value },
    authority,
    user: { email: options.user },
    harness_proof: { jwt: signAsHolder(proof) },
    ...(options.scope && { requested_scope: options.scope }),
  })
}

async function useToken({ bearer_token: token, scope, expires_in }) {
  demand(isText(token), 'redeem', 'the answer has no bearer_token')
  if (!options.call) return { scope, expires_in }
  const headers = { authorization: `Bearer ${token}`, accept: 'application/json' }
  const { status } = await call(options.call, { headers }).catch(() => fail('use', 'no answer'))
  demand(status >= 200 && status < 300, 'use', `answered ${status}`)
  return { scope, expires_in, call: { status } }
}

/** Begins the browser session: one load or one submission, whatever comes of it. Nothing of the session is kept. */
async function beginSession({ initialization_url: url, initialization_request: request = {} }) {
  const step = 'initialize'
  const { method = 'GET', form_fields: fields = {} } = isObject(request) ? request : fail(step, 'initialization_request is not valid')
  demand(isLink(url), step, 'initialization_url is not https')
  demand(['GET', 'POST'].includes(method) && isObject(fields) && Object.values(fields).every((v) => typeof v === 'string'), step, 'no such method')
  const form = { method, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: new URLSearchParams(fields).toString() }
  const { status } = await call(url, method === 'POST' ? form : {}).catch(() => fail(step, 'no answer'))
  demand(status >= 200 && status < 400, step, `answered ${status}`)
  return { initialization: { status } }
}

async function run() {
  const isComplete = ['bearer', 'browser'].includes(options.type) && [options.service, options.user, options.task].every(isText)
  demand(isComplete, 'arguments', '--type bearer|browser, --service, --user and --task are needed')
  const type = options.type === 'browser' ? 'browser_session' : 'bearer_token'
  const endpoints = await discoverService(options.service)
  const chosen = await chooseAuthority(endpoints.resolve)
  const authority = await loadAuthority(chosen.authority_configuration_url)
  const agentpass = await requestPass(type, authority)
  const redeemed = await redeem(endpoints.redeem, authority.authority, agentpass)
  const result = type === 'browser_session' ? await beginSession(redeemed) : await useToken(redeemed)
  return { ok: true, type, authority: authority.authority, ...result }
}

try {
  console.log(JSON.stringify(await run()))
} catch (failure) {
  console.log(JSON.stringify({ error: failure.isOurs ? failure.message : 'something went wrong here' }))
  process.exitCode = 1
}
