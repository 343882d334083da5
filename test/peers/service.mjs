// A minimal AgentPass 0.1 Service, written from the published draft alone: state in memory, nothing but Node. node service.mjs CONFIG.json
import { constants, createHash, createPublicKey, generateKeyPairSync, randomBytes, sign, verify } from 'node:crypto'
import { Resolver } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import https from 'node:https'
import { createSecureContext, rootCertificates } from 'node:tls'

const { origin, listen, tls, trust, scopes, users, check_seconds, ...settings } = JSON.parse(readFileSync(process.argv[2], 'utf8'))
const { federated = [], service_authority: own, own: ownPolicy = 'accept' } = trust
const ALWAYS = { 'content-type': 'application/json', 'referrer-policy': 'no-referrer', 'cache-control': 'no-store' }
const PUBLISHED = { 'cache-control': 'public, max-age=60' }
const [initializations, sessions, tokens, ended, spent] = [new Map(), new Map(), new Map(), new Set(), new Set()]
const UNAVAILABLE = '502 authority_unavailable'
const at = (path) => origin + path
const seconds = () => Math.floor(Date.now() / 1000)
const random = () => randomBytes(32).toString('base64url')
const sha256 = (text) => createHash('sha256').update(text).digest('base64url')
/** Ends a step with an error such as '404 not_found' and one public sentence. */
const refuse = (error, message, headers) => {
  throw Object.assign(new Error(message), { status: Number(error.slice(0, 3)), code: error.slice(4), headers })
}
const demand = (met, error, message, headers) => met || refuse(error, message, headers)
const attempt = (run) => {
  try {
    return run()
  } catch {}
}
const isObject = (value) => typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value) => typeof value === 'string' && value !== ''
const isScope = (value) => Array.isArray(value) && value.every(isText)
const HTTPS_URL = /^https:\/\/[^\s\p{Cc}@/?#\\]+([/?][^\s\p{Cc}#]*)?(#[^\s\p{Cc}]*)?$/iu // without userinfo
const isLink = (value) => isText(value) && value.length <= 2048 && HTTPS_URL.test(value) && URL.canParse(value)
const isHttpsUrl = (value) => isLink(value) && !value.includes('#')
const isIdentifier = (value) => isHttpsUrl(value) && [value, `${value}/`].includes(new URL(value).href)
function emailDomain(email) {
  const [, domain] = (isText(email) && /^[^\s\p{Cc}"(),:;<>[\]\\@]+@([^\s\p{Cc}"(),:;<>[\]\\@%/?#]+)$/u.exec(email)) || []
  const host = domain && email.length <= 254 && URL.canParse(`https://${domain}`) ? new URL(`https://${domain}`).hostname : ''
  const isName = host.length <= 253 && host.split('.').every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(label))
  return isName && !/(^|\.)\d+$/.test(host) ? host : undefined
}
const readTime = (at = '9999-12-31T00:00:00Z') => (/^\d{4}-\d\d-\d\dT[\d:.]+(Z|[+-]\d\d:\d\d)$/i.test(at) ? Date.parse(at) : Number.NaN)
const countNames = (json) => (json.match(/"(?:[^"\\]+|\\.)*"(\s*:)?/g) ?? []).filter((token) => token.endsWith(':')).length
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
const requirePublic = (host) => (PRIVATE.test(host) || host.startsWith('[') ? refuse('502 configuration_invalid', 'a private address') : host)
const resolve = async (host) => requirePublic((await resolver.resolve4(host))[0])
const lookup = (host, _options, done) => resolve(host).then((address) => done(null, address, 4), done)
const secureContext = createSecureContext({ ca: [...rootCertificates, readFileSync(settings.ca_file, 'utf8')], minVersion: 'TLSv1.2' })
/** An answer, with its JSON where it is a success: https alone, no redirect followed, five seconds in all. Throws. */
async function call(url, { cap, body, ...options }) {
  if (!isHttpsUrl(url) || !requirePublic(new URL(url).hostname)) throw new Error('not an https URL')
  const all = { ...options, secureContext, lookup, autoSelectFamily: false, agent: false, signal: AbortSignal.timeout(5000) }
  const response = await new Promise((done, failed) => https.request(url, all, done).on('error', failed).end(body))
  const bytes = await readAll(response, cap)
  const { statusCode: status, headers } = response
  return { status, headers, body: /^2/.test(status) && status !== 206 ? parseObject(bytes) : undefined }
}
async function fetchDocument(url, error, cap) {
  const { body } = await call(url, { headers: { accept: 'application/json, */*;q=0.1' }, cap }).catch(() => ({}))
  return body ?? refuse(error, 'a document of the Authority cannot be fetched')
}
/** The configuration of an Authority: that of an enterprise is bound to where DNS led, any other to its pinned identifier. */
async function loadAuthority({ authority: pinned, authority_configuration_url: url, isEnterprise }) {
  const error = '502 configuration_invalid'
  const document = await fetchDocument(url, error)
  const { version, authority, trust_mode, jwks_uri, endpoints, policy = {} } = document
  demand(isText(version) && /^0\.\d+$/.test(version), error, `version ${JSON.stringify(version)?.slice(0, 20)} is not supported`)
  const { issuance, issuance_status, validate, authorization_check } = endpoints ?? {}
  const hasUrls = [jwks_uri, issuance, issuance_status, validate, authorization_check].every(isHttpsUrl) && issuance_status.includes('{id}')
  const isKnown = hasUrls && isIdentifier(authority) && ['enterprise', 'federated', 'service'].includes(trust_mode)
  const isPolicy = isObject(policy) && [undefined, true, false].includes(policy.allow_service_authorities)
  const isItsOwn = isPolicy && trust_mode === 'enterprise' && attempt(() => new URL(authority).origin) === new URL(url).origin
  demand(isKnown && (isEnterprise ? isItsOwn : authority === pinned), error, 'the configuration of the Authority is not valid, or of another')
  return document
}
async function findEnterprise(domain) {
  // naive: whatever DNS failed with is taken for "no record"; a real one does so for NXDOMAIN and NODATA alone, and fails closed with 502
  const records = await resolver.resolveTxt(`_agentpass.${domain}`).catch(() => [])
  const texts = records.map((strings) => strings.join('').replace(/^[ \t]+|[ \t]+$/g, ''))
  const [value, ...more] = new Set(texts.filter((text) => text === 'none' || isHttpsUrl(text)))
  demand(records.length === 0 || (value && more.length === 0), '502 discovery_failed', 'the record of the domain is not one https URL or none')
  return value
}
/** Who may speak for a user here and now, and whom we would rather hear. Taken anew at every redemption. */
async function decideTrust(email) {
  const url = await findEnterprise(emailDomain(email) ?? refuse('400 invalid_email', 'user.email is missing or not valid'))
  demand(url !== 'none', '403 delegation_disabled', 'the domain of user.email has switched delegation off')
  if (!url && own) return { answer: { service_authority: own }, permitted: [own, ...federated] }
  if (!url) return { answer: federated.length > 0 ? { trusted_federated_authorities: federated } : undefined, permitted: federated }
  const document = await loadAuthority({ authority_configuration_url: url, isEnterprise: true })
  const enterprise = { authority: document.authority, authority_configuration_url: url }
  const isOwnAllowed = own && document.policy?.allow_service_authorities !== false
  const answer = isOwnAllowed && ownPolicy === 'prefer' ? { service_authority: own } : { enterprise_authority: enterprise }
  return { answer, permitted: [{ ...enterprise, isEnterprise: true }, ...(isOwnAllowed ? [own] : [])] }
}
async function resolveAuthorities(_request, readBody) {
  const { answer } = await decideTrust(readBody().user?.email)
  return [200, answer ?? refuse('404 no_authority', 'no Authority is trusted for this user')]
}
async function requirePermitted(email, authority) {
  const { permitted } = await decideTrust(email)
  return permitted.find((entry) => entry.authority === authority) ?? refuse('403 untrusted_authority', 'that Authority is not trusted for this user')
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
const ASSERTION = { type: 'agentpass-authority-assertion+jwt', foreign: ['htm', 'htu', 'aph', 'task_description_hash'] }
const PROOF = { type: 'agentpass-holder-proof+jwt', foreign: ['task_id', 'task_description_hash', 'cnf'] }
/** A signed object for us, all but whether its signature is right. Throws. */
function readJws(jwt, { type, foreign }) {
  const [header, payload, signature] = jwt.split('.').map((part, i) => (i < 2 ? parseObject : Buffer.from)(Buffer.from(part, 'base64url')))
  const isCanonical = /^[\w-]+\.[\w-]+\.[\w-]+$/.test(jwt) && jwt.endsWith(`.${signature.toString('base64url')}`)
  const { alg, kid, typ = '' } = header
  const isOther = /^(application\/)?agentpass-.+\+jwt$/i.test(typ) && !typ.toLowerCase().endsWith(type)
  const isAccepted = (isRsa(alg) || Object.hasOwn(CURVES, alg)) && !('crit' in header || 'b64' in header)
  const { iss, aud, iat, exp, nbf = iat } = payload
  const isTimely = [iat, exp, nbf].every(Number.isFinite) && Math.max(iat, nbf) <= seconds() + 60 && exp > seconds() - 60 && exp - iat <= 3600
  const isOurs = isText(iss) && [aud].flat().length === 1 && [aud].flat()[0] === origin && !foreign.some((claim) => claim in payload)
  if (!isCanonical || isOther || !isAccepted || !isTimely || !isOurs) throw new Error('not valid, or not for us')
  return { alg, kid, payload, signature, input: Buffer.from(jwt.slice(0, jwt.lastIndexOf('.'))) }
}
function isSignedBy({ alg, kid, input, signature }, keys) {
  const usable = keys.slice(0, 20).filter((jwk) => readKey(jwk) && suits(jwk, alg) && (!jwk.alg || jwk.alg === alg || jwk.crv === 'Ed25519'))
  const pss = alg.startsWith('PS') && { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_DIGEST }
  const hash = alg.startsWith('Ed') ? null : `sha${alg.slice(2)}`
  const fitting = usable.filter((jwk) => jwk.kid === kid || jwk.kid === undefined || kid === undefined).slice(0, 5)
  return fitting.some((jwk) => verify(hash, input, { key: readKey(jwk), dsaEncoding: 'ieee-p1363', ...pss }, signature))
}
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const ourKey = { ...ours.publicKey.export({ format: 'jwk' }), kid: random(), alg: 'ES256', use: 'sig' }
async function ask(entry, endpoint, message) {
  const { authority, endpoints } = await loadAuthority(entry)
  const claims = { iss: origin, aud: authority, iat: seconds(), exp: seconds() + 60, jti: random() }
  const parts = [{ alg: 'ES256', typ: 'JWT', kid: ourKey.kid }, claims].map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
  const signature = sign('sha256', Buffer.from(parts.join('.')), { key: ours.privateKey, dsaEncoding: 'ieee-p1363' })
  const headers = { authorization: `Bearer ${[...parts, signature.toString('base64url')].join('.')}`, 'content-type': 'application/json' }
  const unreachable = () => refuse(UNAVAILABLE, 'the Authority cannot be reached')
  return call(endpoints[endpoint], { method: 'POST', headers, body: JSON.stringify(message) }).catch(unreachable)
}
const heldBy = (email) => users[email.replace(/@.*/, `@${emailDomain(email)}`)] ?? scopes
const bearerOf = ({ headers }) => /^bearer +(\S+)$/i.exec(headers.authorization)?.[1] ?? ''
async function listScopes(request, readBody) {
  const invalid = ['401 invalid_assertion', 'the assertion is missing or not valid']
  const jws = attempt(() => readJws(bearerOf(request), ASSERTION)) ?? refuse(...invalid)
  const { user, agent } = readBody()
  demand(isText(agent?.id), '400 malformed_request', 'agent.id is missing or not valid')
  const { jwks_uri } = await loadAuthority(await requirePermitted(user?.email, jws.payload.iss))
  const { keys } = await fetchDocument(jwks_uri, UNAVAILABLE, 262_144)
  demand(Array.isArray(keys), UNAVAILABLE, 'the keys of the Authority are not valid')
  demand(isSignedBy(jws, keys), ...invalid)
  return [200, { scopes: heldBy(user.email).map((name) => ({ name })) }]
}
function readProof(jwt, endpoint, pass) {
  const jws = attempt(() => readJws(jwt, PROOF))
  const { jti, htm = 'POST', htu = endpoint, aph = sha256(pass) } = jws?.payload ?? {}
  const isHere = attempt(() => new URL(htu.replace(/[?#].*/, '')).href) === endpoint
  return demand(isText(jti) && htm === 'POST' && aph === sha256(pass) && isHere, '401 invalid_proof', 'the proof is not valid') && jws
}
const INVALID = '422 invalid_agentpass'
const REFUSALS = { 403: '403 wrong_service', 404: INVALID, 409: '409 already_consumed', 410: INVALID, 422: INVALID, 429: '503 overloaded' }
async function validate(entry, { type, value }) {
  const { status, headers, body } = await ask(entry, 'validate', { agentpass: { value } })
  const retry = status === 429 && { 'retry-after': headers['retry-after'] ?? '5' }
  demand(body, REFUSALS[status] ?? UNAVAILABLE, 'the Authority did not accept the AgentPass', retry)
  const { authorization_id, user, agent, scope, cnf, destination_url, authorization_expires_at: end } = body
  const isComplete = isText(authorization_id) && emailDomain(user?.email) && isText(agent?.id) && isScope(scope) && isText(body.type)
  const isUsable = (cnf === undefined || readKey(cnf?.jwk)) && [undefined, 'string'].includes(destination_url && typeof destination_url)
  demand(isComplete && isUsable && readTime(end) > Date.now(), UNAVAILABLE, 'the Authority gave an answer that is not valid')
  return demand(body.type === type, INVALID, 'the AgentPass is of another type') && body
}
const requireDestination = (url) =>
  demand(isLink(url) && new URL(url).origin === origin, '403 destination_not_allowed', 'destination_url is not on this Service') && new URL(url).href
/** Everything before a credential is minted (protocol 8): any throw means that the pass bought nothing. */
async function redeem(type, endpoint, { agentpass, authority, user, harness_proof, requested_scope }) {
  const need = (met, member) => demand(met, '400 malformed_request', `${member} is missing or not valid`)
  need(agentpass?.type === type && isText(agentpass.value), 'agentpass')
  need(isIdentifier(authority), 'authority')
  need(harness_proof === undefined || isText(harness_proof?.jwt), 'harness_proof.jwt')
  need(requested_scope === undefined || isScope(requested_scope), 'requested_scope')
  const entry = await requirePermitted(user?.email, authority)
  const proof = harness_proof && readProof(harness_proof.jwt, endpoint, agentpass.value)
  // naive: the answer's user.email is not looked at; a real one refuses another than the requested with 403 user_mismatch
  const validation = await validate(entry, agentpass)
  // a pass with a proof is guarded by that; any other is spent once here too, whatever the Authority says
  if (!proof) demand(!spent.has(agentpass.value) && spent.add(agentpass.value), '409 already_consumed', 'the AgentPass was used before')
  const { authorization_id: id, agent, scope: approved, cnf, task, destination_url = at('/'), authorization_expires_at: end } = validation
  const allowed = heldBy(validation.user.email).filter((name) => approved.includes(name) || approved.includes('*'))
  const scope = allowed.filter((name) => [name, '*'].some((wanted) => (requested_scope ?? ['*']).includes(wanted)))
  demand(scope.length > 0, '403 insufficient_scope', 'nothing that was asked for was approved')
  // naive: a proof that is not sent is not missed; a real one refuses with 401 proof_required whenever the pass has a cnf
  // naive: the jti is forgotten; a real one remembers it with the thumbprint of cnf until the proof expires, and refuses it then with 409
  demand(!proof || !cnf || isSignedBy(proof, [{ ...cnf.jwk, kid: undefined }]), '401 invalid_proof', 'the proof is not signed by the holder')
  if (type === 'browser_session') requireDestination(destination_url)
  const who = { user: validation.user.email, agent: agent.id, task: task?.id }
  const times = { checkedAt: Date.now(), beginBy: Date.now() + 60_000, endsAt: Math.min(Date.now() + 3_600_000, readTime(end)) }
  return { entry, id, key: `${authority} ${id}`, who, harness: proof?.payload.iss, granted: scope, scope, destination: destination_url, ...times }
}
const redemption = (type, store, present) => async (request, readBody) => {
  const grant = await redeem(type, at(request.url.split('?')[0]), readBody())
  console.error(JSON.stringify({ at: new Date(), event: 'redemption', ...grant.who, authority: grant.entry.authority, harness: grant.harness }))
  const secret = random()
  store.set(sha256(secret), grant)
  return [200, present(secret, grant), { pragma: 'no-cache' }]
}
const presentToken = (token, { scope, endsAt }) => ({ bearer_token: token, scope, expires_in: Math.floor((endsAt - Date.now()) / 1000) })
const presentUrl = (token, { beginBy }) => ({ initialization_url: at(`/begin?token=${token}`), expires_at: new Date(beginBy), one_time: true })
/** Begins the agent's session in the browser that comes with a one-time token, which is spent whatever follows. */
function beginSession({ headers, url }) {
  demand(!/prefetch/i.test(`${headers['sec-purpose']} ${headers.purpose}`), '400 malformed_request', 'a session is not begun ahead of time')
  const token = new URLSearchParams(url.split('?')[1]).get('token') ?? ''
  const grant = initializations.get(sha256(token)) ?? refuse('404 unknown_initialization', 'there is no such initialization')
  const isOpen = !grant.isBegun && Date.now() < grant.beginBy
  grant.isBegun = true
  demand(isOpen, '410 initialization_gone', 'the initialization was used before or has expired')
  const location = requireDestination(grant.destination)
  const session = random()
  sessions.set(sha256(session), grant)
  return [303, {}, { location, 'set-cookie': `__Host-agentpass-agent=${session}; Path=/; Secure; HttpOnly; SameSite=Lax` }]
}
/** The grant of a credential, while its Authority still stands by it. */
async function requireGrant(grant, headers) {
  const demandGrant = (met) => demand(met, '401 invalid_token', 'the credential is missing, unknown or ended', headers)
  demandGrant(grant && !ended.has(grant.key) && Date.now() < grant.endsAt)
  if (Date.now() - grant.checkedAt < check_seconds * 1000) return grant
  // naive: no answer, or another than these two, changes nothing; a real one refuses the request with 502 until it has a good answer
  const { status, body } = await ask(grant.entry, 'authorization_check', { authorization_id: grant.id }).catch(() => ({}))
  if (status === 404) ended.add(grant.key)
  demandGrant(!ended.has(grant.key))
  if (!isScope(body?.scope)) return grant
  const scope = grant.granted.filter((name) => body.scope.includes(name) || body.scope.includes('*'))
  return Object.assign(grant, { scope, checkedAt: Date.now() })
}
async function callApi(request, _readBody, path) {
  const [token, name] = [bearerOf(request), path.replace(/%3a/i, ':')]
  const challenge = (error) => ({ 'www-authenticate': `Bearer realm="${origin}"${error}` })
  const { who, scope } = await requireGrant(tokens.get(sha256(token)), challenge(token && ', error="invalid_token"'))
  demand(['me', ...scopes].includes(name), '404 not_found', 'there is nothing here')
  demand(['me', ...scope].includes(name), '403 insufficient_scope', 'the token lacks that scope', challenge(', error="insufficient_scope"'))
  return [200, { ...who, scope }]
}
async function showSession({ headers }) {
  const session = /(?:^|; *)__Host-agentpass-agent=([^;]*)/.exec(headers.cookie)?.[1] ?? ''
  const { who, scope } = await requireGrant(sessions.get(sha256(session)))
  return [200, { ...who, scope }]
}
const endpoints = { resolve_authorities: at('/resolve'), available_scopes: at('/scopes') }
Object.assign(endpoints, { redeem_browser_session: at('/redeem/browser'), redeem_bearer_token: at('/redeem/bearer') })
const offered = { trusted_federated_authorities: federated.length > 0 ? federated : undefined, service_authority: own }
const configuration = { version: '0.1', kind: 'service', service: { origin }, jwks_uri: at('/jwks'), trust: offered, endpoints }
const ROUTES = [
  ['GET', /^\/agentpass-service$/, () => [200, configuration, PUBLISHED]],
  ['GET', /^\/jwks$/, () => [200, { keys: [ourKey] }, PUBLISHED]],
  ['POST', /^\/resolve$/, resolveAuthorities],
  ['POST', /^\/scopes$/, listScopes],
  ['POST', /^\/redeem\/bearer$/, redemption('bearer_token', tokens, presentToken)],
  ['POST', /^\/redeem\/browser$/, redemption('browser_session', initializations, presentUrl)],
  ['GET', /^\/begin$/, beginSession],
  ['GET', /^\/session\/me$/, showSession],
  ['GET', /^\/api\/([\w:%.-]+)$/, callApi],
  ['GET', /^\/$/, () => [200, { service: origin }]],
]
function readJson({ headers }, bytes) {
  const isJson = /^application\/json *(;(?! *charset)[^;]*|; *charset="?utf-8"? *)*$/i.test(headers['content-type'] ?? 'application/json')
  demand(isJson, '415 unsupported_media_type', 'a body is application/json in UTF-8')
  return attempt(() => parseObject(bytes)) ?? refuse('400 malformed_request', 'the body is not a JSON object')
}
const server = https.createServer({ key: readFileSync(tls.key), cert: readFileSync(tls.cert), minVersion: 'TLSv1.2' }, async (request, response) => {
  const answer = (status, body, headers) => response.writeHead(status, { ...ALWAYS, ...headers }).end(JSON.stringify(body))
  try {
    const bytes = await readAll(request)
    const path = request.url.split('?')[0]
    const [method, pattern, handle] = ROUTES.find(([, pattern]) => pattern.test(path)) ?? refuse('404 not_found', 'there is nothing here')
    demand(request.method === method, '405 method_not_allowed', `this is for ${method}`)
    answer(...(await handle(request, () => readJson(request, bytes), ...pattern.exec(path).slice(1))))
  } catch ({ status = 500, code, message, headers }) {
    const error = status === 500 ? { code: 'internal', message: 'something went wrong here' } : { code, message }
    answer(status, { error }, headers)
  }
})
server.listen(listen.port, listen.host, () => console.log(JSON.stringify({ ready: true, configuration_url: at('/agentpass-service') })))
