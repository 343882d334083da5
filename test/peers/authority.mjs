// A minimal AgentPass 0.1 Authority, written from the published draft alone: state in memory, nothing but Node. node authority.mjs CONFIG.json
import { constants, createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import http from 'node:http'
import https from 'node:https'
import { setTimeout as pause } from 'node:timers/promises'
import { createSecureContext, rootCertificates } from 'node:tls'

const { identifier, lifetimes, listen, tls, decisions, ...settings } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const NO_STORE = { 'cache-control': 'no-store' }
const [requests, passes, authorizations, documents, refreshedAt] = [new Map(), new Map(), new Map(), new Map(), new Map()]
const at = (path) => identifier + path
const seconds = () => Math.floor(Date.now() / 1000)
const random = () => randomBytes(32).toString('base64url')
const sha256 = (text) => createHash('sha256').update(text).digest('hex')
/** Ends a step with an error such as '404 not_found' and one public sentence. */
const refuse = (error, message) => {
  throw Object.assign(new Error(message), { status: Number(error.slice(0, 3)), code: error.slice(4) })
}
const demand = (met, error, message) => met || refuse(error, message)
const attempt = (run) => {
  try {
    return run()
  } catch {}
}

const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value, longest = 65_536) => typeof value === 'string' && value !== '' && [...value].length <= longest
const isScope = (value) => Array.isArray(value) && value.length > 0 && value.every((name) => isText(name))
const HTTPS_URL = /^https:\/\/[^\s\p{Cc}@/?#\\]+([/?][^\s\p{Cc}#]*)?(#[^\s\p{Cc}]*)?$/iu // without userinfo
const isLink = (value) => isText(value, 2048) && HTTPS_URL.test(value) && URL.canParse(value)
const isHttpsUrl = (value) => isLink(value) && !value.includes('#')
const isOrigin = (value) => isHttpsUrl(value) && new URL(value).origin === value
function emailDomain(email) {
  const [, domain] = (isText(email, 254) && /^[^\s\p{Cc}"(),:;<>[\]\\@]+@([^\s\p{Cc}"(),:;<>[\]\\@%/?#]+)$/u.exec(email)) || []
  const host = domain && URL.canParse(`https://${domain}`) ? new URL(`https://${domain}`).hostname : ''
  const isName = host.length <= 253 && host.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return isName && !/(^|\.)\d+$/.test(host) ? host : undefined
}
const countNames = (json) => (json.match(/"(?:[^"\\]+|\\.)*"(\s*:)?/g) ?? []).filter((token) => token.endsWith(':')).length
/** A JSON object in which no member stands twice. Throws. */
function parseObject(bytes) {
  const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  const value = JSON.parse(text)
  return isObject(value) && countNames(text) === countNames(JSON.stringify(value)) ? value : refuse('400 malformed_request', 'not a JSON object')
}
async function readAll(stream, cap = 65_536) {
  let bytes = Buffer.alloc(0)
  for await (const chunk of stream) if (bytes.length <= cap) bytes = Buffer.concat([bytes, chunk]) // the rest is read and dropped
  return demand(bytes.length <= cap, '413 too_large', 'the body is too large') && bytes
}

const resolver = new Resolver({ timeout: 1000, tries: 2 })
resolver.setServers([settings.dns_server])
// Private networks are refused. Loopback is not, as the conformance suite lives there: a deployment adds 127.
const PRIVATE = /^(0|10|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])|169\.254|172\.(1[6-9]|2\d|3[01])|192\.168|198\.1[89]|22[4-9]|2[3-5]\d)\.[\d.]+$/
const requirePublic = (host) => (PRIVATE.test(host) || host.startsWith('[') ? refuse('502 service_unavailable', 'a private address') : host)
const resolve = async (host) => requirePublic((await resolver.resolve4(host))[0])
const lookup = (host, _options, done) => resolve(host).then((address) => done(null, address, 4), done)
const secureContext = createSecureContext({ ca: [...rootCertificates, readFileSync(settings.ca_file, 'utf8')], minVersion: 'TLSv1.2' })
/** Gives the JSON of a successful answer: https alone, no redirect followed, five seconds in all. Throws. */
async function call(url, { cap, body, ...options }) {
  if (!isHttpsUrl(url) || !requirePublic(new URL(url).hostname)) throw new Error('not an https URL')
  const all = { ...options, secureContext, lookup, autoSelectFamily: false, agent: false, signal: AbortSignal.timeout(5000) }
  const response = await new Promise((done, failed) => https.request(url, all, done).on('error', failed).end(body))
  const bytes = await readAll(response, cap)
  return /^2/.test(response.statusCode) && response.statusCode !== 206 ? parseObject(bytes) : refuse('502 service_unavailable', 'not a success')
}

/** A document that passes the check, from the cache for 10 s, the least that any may be cached; 502 without one. */
async function fetchDocument(url, check, cap) {
  const cached = documents.get(url)
  const isYoung = cached && Date.now() < cached.until
  const headers = { accept: 'application/json, application/jwk-set+json;q=0.9, */*;q=0.1' }
  const failed = () => refuse('502 configuration_invalid', 'a document cannot be fetched')
  const document = isYoung ? cached.document : await call(url, { headers, cap }).catch(failed)
  check(document)
  if (!isYoung) documents.set(url, { document, until: Date.now() + 10_000 })
  return document
}
const checkKeys = ({ keys }) => demand(Array.isArray(keys), '502 configuration_invalid', 'a key set is not valid')
const fetchKeys = async (url) => (await fetchDocument(url, checkKeys, 262_144)).keys
/** The configuration of the Service at an origin: 422 where DNS knows of none, 502 where that cannot be told. */
async function discoverService(origin) {
  const records = await resolver.resolveTxt(`_agentpass-service.${new URL(origin).hostname}`).catch(({ code }) => {
    demand(code !== 'ENOTFOUND' && code !== 'ENODATA', '422 unknown_service', 'the Service has no record in DNS')
    return refuse('502 discovery_failed', 'the record of the Service cannot be read')
  })
  const [url, ...more] = new Set(records.map((strings) => strings.join('').replace(/^[ \t]+|[ \t]+$/g, '')).filter(isHttpsUrl))
  demand(url && more.length === 0, '502 discovery_failed', 'the record of the Service is not one https URL')
  return fetchDocument(url, ({ version, kind, service, jwks_uri, endpoints }) => {
    const shown = (JSON.stringify(version) ?? 'missing').slice(0, 20)
    demand(isText(version) && /^0\.\d+$/.test(version), '502 configuration_invalid', `configuration version ${shown} is not supported`)
    const isValid = kind === 'service' && service?.origin === origin && isHttpsUrl(jwks_uri) && isHttpsUrl(endpoints?.available_scopes)
    demand(isValid, '502 configuration_invalid', 'the configuration of the Service is not valid')
  })
}

const CURVES = { ES256: 'P-256', ES384: 'P-384', ES512: 'P-521', EdDSA: 'Ed25519', Ed25519: 'Ed25519' }
const isRsa = (alg) => /^[PR]S(256|384|512)$/.test(alg)
const suits = (jwk, alg) => (jwk.kty === 'RSA' ? isRsa(alg) : Object.hasOwn(CURVES, alg) && CURVES[alg] === jwk.crv)
/** The public key that a JWK is; undefined for one that is weak, private, symmetric, broken or not for verifying. */
function readKey(jwk) {
  if (!isObject(jwk) || ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k'].some((member) => member in jwk)) return undefined
  const isSuited = (jwk.alg === undefined ? ['RS256', ...Object.keys(CURVES)] : [jwk.alg]).some((alg) => suits(jwk, alg))
  const isForVerifying = [undefined, 'sig'].includes(jwk.use) && [jwk.key_ops ?? 'verify'].flat().includes('verify')
  const key = isSuited && isForVerifying && attempt(() => createPublicKey({ key: jwk, format: 'jwk' }))
  return key && (key.asymmetricKeyDetails.modulusLength ?? 2048) >= 2048 ? key : undefined
}
const SERVICE_ASSERTION = { name: 'service-assertion', longest: 3600, foreign: ['htm', 'htu', 'aph', 'task_description_hash'] }
const TASK_ATTESTATION = { name: 'task-attestation', longest: 86_400, foreign: ['htm', 'htu', 'aph', 'cnf'] }
const HARNESS_ATTESTATION = { name: 'harness-attestation', longest: 86_400, foreign: ['htm', 'htu', 'aph', 'task_id', 'task_description_hash'] }
/** The payload of a signed object, whose key is among those that `findKeys` gives: for an unknown one it is asked again, once in 30 s. Throws. */
async function verifyJws(jwt, { name, longest, foreign }, findKeys) {
  const [header, payload, signature] = jwt.split('.').map((part, i) => (i < 2 ? parseObject : Buffer.from)(Buffer.from(part, 'base64url')))
  const isCanonical = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt) && jwt.endsWith(`.${signature.toString('base64url')}`)
  // naive: `crit` is not looked at; a real one refuses a header that has it (RFC 7515 §4.1.11), b64 among what it may list
  const { alg, kid, typ = '' } = header
  const isOther = /^(application\/)?agentpass-.+\+jwt$/i.test(typ) && !typ.toLowerCase().endsWith(`agentpass-${name}+jwt`)
  const { iat, exp, nbf = iat } = payload
  const isTimely = [iat, exp, nbf].every(Number.isFinite) && Math.max(iat, nbf) <= seconds() + 60 && exp > seconds() - 60 && exp - iat <= longest
  const isAccepted = isRsa(alg) || Object.hasOwn(CURVES, alg)
  if (!isCanonical || isOther || !isTimely || !isAccepted || foreign.some((claim) => claim in payload)) throw new Error(`no ${name}`)
  let keys = await findKeys(payload)
  if (kid !== undefined && !keys.some((jwk) => jwk?.kid === kid) && seconds() - (refreshedAt.get(name + payload.iss) ?? 0) >= 30) {
    refreshedAt.set(name + payload.iss, seconds())
    documents.clear() // all of them: the keys may have moved
    keys = await findKeys(payload)
  }
  const usable = keys.slice(0, 20).filter((jwk) => readKey(jwk) && suits(jwk, alg) && (!jwk.alg || jwk.alg === alg || jwk.crv === 'Ed25519'))
  const fitting = usable.filter((jwk) => jwk.kid === kid || jwk.kid === undefined || kid === undefined).slice(0, 5)
  const pss = alg.startsWith('PS') && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const [hash, input] = [alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`, Buffer.from(jwt.slice(0, jwt.lastIndexOf('.')))]
  const isSigned = fitting.some((jwk) => verify(hash, input, { key: readKey(jwk), dsaEncoding: 'ieee-p1363', ...pss }, signature))
  return isSigned ? payload : refuse('401 invalid_assertion', 'the signature is not by a known key')
}
/** The origin of the Service that calls. Any trouble is 401. */
async function authenticateService({ headers }) {
  const findKeys = async ({ iss, aud }) => {
    const [audience, ...more] = [aud].flat()
    // naive: forgives a trailing slash and whatever else follows; a real one compares the identifier byte for byte
    if (!isOrigin(iss) || !audience.startsWith(identifier) || more.length > 0) throw new Error('not for us')
    return fetchKeys((await discoverService(iss)).jwks_uri)
  }
  const jwt = /^bearer +(\S+)$/i.exec(headers.authorization)?.[1] ?? refuse('401 invalid_assertion', 'an assertion is missing')
  const trouble = ({ status, message }) => refuse('401 invalid_assertion', status > 400 ? message : 'the assertion is not valid')
  return (await verifyJws(jwt, SERVICE_ASSERTION, findKeys).catch(trouble)).iss
}

const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ourKey = { ...ours.publicKey.export({ format: 'jwk' }), kid: random(), alg: 'ES256', use: 'sig' }
function assertionFor(aud) {
  const claims = { iss: identifier, aud, iat: seconds(), exp: seconds() + 60, jti: random() }
  const parts = [{ alg: 'ES256', typ: 'JWT', kid: ourKey.kid }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signature = sign('sha256', Buffer.from(parts.join('.')), { key: ours.privateKey, dsaEncoding: 'ieee-p1363' })
  return [...parts, signature.toString('base64url')].join('.')
}

function requireIssuance({ type, service, user, harness, task, intent = {} }) {
  const need = (met, member) => demand(met, '400 malformed_request', `${member} is missing or not valid`)
  const isAttestation = (value) => value === undefined || (isText(value?.jwt) && harness.cnf !== undefined)
  need(['browser_session', 'bearer_token'].includes(type), 'type')
  need(isOrigin(service?.origin), 'service.origin')
  demand(emailDomain(user?.email), '400 invalid_email', 'user.email is missing or not valid')
  need(isText(harness?.id, 1024), 'harness.id')
  need(harness.cnf === undefined || readKey(harness.cnf?.jwk), 'harness.cnf.jwk')
  need(isText(task?.id, 1024) && isText(task.description, 16_384), 'task')
  need(isAttestation(harness.attestation) && isAttestation(task.attestation), 'an attestation, or harness.cnf, which it needs,')
  need(isObject(intent) && (intent.destination_url === undefined || isLink(intent.destination_url)), 'intent')
  demand(settings.trust_mode !== 'enterprise' || settings.domains.includes(emailDomain(user.email)), '403 policy_denied', 'user.email is not served')
  const isThere = type === 'bearer_token' || new URL(intent.destination_url ?? service.origin).origin === service.origin
  demand(isThere, '422 unprocessable', 'intent.destination_url is not on the Service')
}
/** Verifies what is attested; gives the agent's id. Throws. */
async function verifyAttestations({ harness, task }) {
  if (task.attestation) {
    const holderKey = () => [{ ...harness.cnf.jwk, kid: undefined }]
    const { iss, task_id, task_description_hash: hash } = await verifyJws(task.attestation.jwt, TASK_ATTESTATION, holderKey)
    if (iss !== harness.id || task_id !== task.id || hash.toLowerCase() !== sha256(task.description)) throw new Error('another task')
  }
  if (!harness.attestation) return harness.id
  const pinned = (iss) => settings.attestation_issuers.find(({ issuer }) => issuer === iss).jwks_uri // throws for another: nothing is fetched
  const { sub, cnf } = await verifyJws(harness.attestation.jwt, HARNESS_ATTESTATION, ({ iss }) => fetchKeys(pinned(iss)))
  if (!isText(sub) || !readKey(cnf.jwk).equals(readKey(harness.cnf.jwk))) throw new Error('another key')
  return sub
}
async function discoverScopes(origin, about) {
  const { endpoints } = await discoverService(origin)
  const headers = { authorization: `Bearer ${assertionFor(origin)}`, 'content-type': 'application/json', accept: 'application/json' }
  const { scopes } = await call(endpoints.available_scopes, { method: 'POST', headers, body: JSON.stringify(about) }).catch(() => ({}))
  const names = Array.isArray(scopes) && scopes.map((scope) => scope?.name)
  return isScope(names) ? names : refuse('502 service_unavailable', 'the Service did not say which scopes it has')
}
async function issue(body) {
  requireIssuance(body)
  const { type, service, user, harness, intent } = body
  const { id, description, attestation } = body.task
  const agent = { id: await verifyAttestations(body).catch(() => refuse('401 invalid_attestation', 'an attestation is not valid')) }
  const offered = await discoverScopes(service.origin, { user: { email: user.email }, agent, task: { id, description } })
  const answer = { user: { email: user.email }, agent, type, cnf: harness.cnf, task: { id, description, attested: attestation !== undefined } }
  if (type === 'browser_session') answer.destination_url = intent?.destination_url
  const expiresAt = Date.now() + lifetimes.decision_seconds * 1000
  const record = { id: random(), status: 'pending', origin: service.origin, offered, answer, expiresAt }
  requests.set(record.id, record)
  return [202, statusOf(record), NO_STORE]
}
/** The state of a request, in which a deadline passed is a decision. */
function statusOf(record) {
  if (record.status === 'pending' && Date.now() >= record.expiresAt) record.status = 'expired'
  const { id, status, value, answer, expiresAt } = record
  const document = { id, type: answer.type, status, expires_at: new Date(expiresAt), links: { self: at(`/issuance/${id}`) } }
  if (status === 'pending') return { ...document, poll_after_ms: 1000 }
  return status === 'approved' ? { ...document, agentpass: { type: answer.type, value } } : document
}
function readStatus(id) {
  const record = requests.get(id) ?? refuse('404 unknown_request', 'there is no such request')
  const isGone = record.status === 'approved' && (record.isConsumed || record.isRevoked || Date.now() >= record.expiresAt)
  demand(!isGone, '410 request_gone', 'the AgentPass was used, has expired or was revoked')
  return [200, statusOf(record)] // naive: nothing is said about caching; a real one sends no-store with what carries a pass
}

async function validate(request, readBody) {
  const origin = await authenticateService(request)
  const { agentpass } = readBody()
  demand(isText(agentpass?.value), '400 malformed_request', 'agentpass.value is missing or not valid')
  const record = passes.get(sha256(agentpass.value)) ?? refuse('404 unknown_agentpass', 'there is no such AgentPass')
  demand(!record.isConsumed, '409 already_consumed', 'the AgentPass was used before')
  demand(!record.isRevoked && Date.now() < record.expiresAt, '410 agentpass_expired', 'the AgentPass has expired or was revoked')
  // naive: read, then written a round trip later; a real one consumes with one conditional statement, so that one of many calls succeeds
  await pause(40) // as long as a database takes
  record.isConsumed = true
  // naive: only now; a real one compares the Service before it consumes, so that the pass stays good for its own
  demand(record.origin === origin, '403 wrong_service', 'the AgentPass is for another Service')
  const authorization_id = random()
  authorizations.set(authorization_id, { record, expiresAt: Date.now() + lifetimes.authorization_seconds * 1000 })
  return [200, { authorization_id, scope: record.scope, ...record.answer }, NO_STORE]
}
async function check(request, readBody) {
  const origin = await authenticateService(request)
  const { authorization_id } = readBody()
  demand(isText(authorization_id), '400 malformed_request', 'authorization_id is missing or not valid')
  const { record, expiresAt } = authorizations.get(authorization_id) ?? {}
  const isActive = record?.origin === origin && !record.isRevoked && Date.now() < expiresAt
  return demand(isActive, '404 unknown_authorization', 'there is no such active authorization') && [200, { scope: record.scope }, NO_STORE]
}
const OUTCOMES = { approve: 'approved', deny: 'denied', cancel: 'canceled' }
function decide({ headers }, readBody, id, verb) {
  demand(sha256(headers.authorization ?? '') === sha256(`Bearer ${decisions.token}`), '401 unauthenticated', 'the token is not the right one')
  const record = requests.get(id) ?? refuse('404 unknown_request', 'there is no such request')
  const isOpen = verb in OUTCOMES ? statusOf(record).status === 'pending' : record.status === 'approved' && !record.isRevoked
  demand(isOpen, '409 already_decided', 'that cannot be decided any more')
  const grantable = record.scope ?? record.offered
  const { scope = grantable } = readBody()
  demand(isScope(scope) && scope.every((name) => grantable.includes(name)), '422 unprocessable', 'scope is not a part of what can be granted')
  if (verb === 'approve' || verb === 'narrow') record.scope = [...new Set(scope)]
  if (verb === 'approve') Object.assign(record, { value: random(), expiresAt: Date.now() + lifetimes.pass_seconds * 1000 })
  if (verb === 'approve') passes.set(sha256(record.value), record)
  if (verb === 'revoke') record.isRevoked = true
  record.status = OUTCOMES[verb] ?? record.status
  return [200, { id, status: record.status }, NO_STORE]
}

const PUBLISHED = { 'cache-control': 'public, max-age=60' }
const urls = { issuance: at('/issuance'), issuance_status: at('/issuance/{id}'), validate: at('/validate'), authorization_check: at('/check') }
const configuration = { version: '0.1', authority: identifier, trust_mode: settings.trust_mode, jwks_uri: at('/jwks'), endpoints: urls }
const PUBLIC_DOOR = [
  ['GET', /^\/agentpass-authority$/, () => [200, configuration, PUBLISHED]],
  ['GET', /^\/jwks$/, () => [200, { keys: [ourKey] }, PUBLISHED]],
  ['POST', /^\/issuance$/, (_request, readBody) => issue(readBody())],
  ['GET', /^\/issuance\/([\w-]{43})$/, (_request, _readBody, id) => readStatus(id)],
  ['POST', /^\/validate$/, validate],
  ['POST', /^\/check$/, check],
]
const APPROVERS_DOOR = [['POST', /^\/([\w-]{43})\/(approve|deny|cancel|revoke|narrow)$/, decide]]
function readJson({ headers }, bytes) {
  const isJson = /^application\/json *(;(?! *charset)[^;]*|; *charset="?utf-8"? *)*$/i.test(headers['content-type'] ?? 'application/json')
  demand(isJson, '415 unsupported_media_type', 'a body is application/json in UTF-8')
  if (bytes.length === 0) return {}
  return attempt(() => parseObject(bytes)) ?? refuse('400 malformed_request', 'the body is not a JSON object')
}
const serve = (door) => async (request, response) => {
  const answer = (status, body, headers) => response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(body))
  try {
    const bytes = await readAll(request)
    const path = request.url.split('?')[0]
    const [method, pattern, handle] = door.find(([, pattern]) => pattern.test(path)) ?? refuse('404 not_found', 'there is nothing here')
    demand(request.method === method, '405 method_not_allowed', `this is for ${method}`)
    answer(...(await handle(request, () => readJson(request, bytes), ...pattern.exec(path).slice(1))))
  } catch ({ status = 500, code, message }) {
    const error = status === 500 ? { code: 'internal', message: 'something went wrong here' } : { code, message }
    answer(status, { error }, NO_STORE)
  }
}
const server = https.createServer({ key: readFileSync(tls.key), cert: readFileSync(tls.cert), minVersion: 'TLSv1.2' }, serve(PUBLIC_DOOR))
const ready = () => console.log(JSON.stringify({ ready: true, configuration_url: at('/agentpass-authority') }))
http.createServer(serve(APPROVERS_DOOR)).listen(decisions.port, '127.0.0.1', () => server.listen(listen.port, listen.host, ready))
