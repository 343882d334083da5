/** What a peer of the published draft may do, and what `core-0.1` accepts for ever: no member of that draft gains a rule of its hardening revision. */
import type { Party } from './draft-difference.ts'
import type { Says } from './draft-tap.ts'
import type { Members } from './spec/jws-fixture.ts'

type Change = (members: Members) => Members
const set =
  (changed: Members): Change =>
  (members) => ({ ...members, ...changed })
const within = (name: string, change: Change): Change => {
  return (members) => ({ ...members, [name]: change(Object(members[name])) })
}
const drop = (...names: string[]): Change => {
  return (members) => Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}
const living =
  (seconds: number): Change =>
  (claims) => ({ ...claims, exp: Number(claims.iat) + seconds })
const late =
  (seconds: number): Change =>
  (claims) => ({ ...claims, iat: Number(claims.iat) - seconds, exp: Number(claims.exp) - seconds })
const forOne: Change = (claims) => ({ ...claims, aud: [claims.aud] })
const upperCase: Change = (claims) => ({ ...claims, task_description_hash: String(claims.task_description_hash).toUpperCase() })
const keysAlone: Change = (set) => ({ ...set, keys: [set.keys].flat().map((key) => drop('alg', 'use', 'key_ops', 'kid')(Object(key))) })

/** Where an Authority may have its endpoints and keys besides its own origin. */
export const ELSEWHERE = 'https://api.acme.example'
const elsewhere = (url: unknown): string => String(url).replace(/^https:\/\/[^/]+/, ELSEWHERE)
const allElsewhere: Change = (endpoints) => Object.fromEntries(Object.entries(endpoints).map(([name, url]) => [name, elsewhere(url)]))

const unknown = set({ extension: { of: ['another', 'draft'] }, 'x-more': null })

export const HABITS: Record<string, { by: Party; says: Says }> = {
  'a proof without typ': { by: 'Harness', says: { 'holder proof': drop('typ') } },
  'a proof of a typ that is no kind': { by: 'Harness', says: { 'holder proof': set({ typ: 'dpop+jwt' }) } },
  'a proof that lives for an hour': { by: 'Harness', says: { 'holder proof': living(3600) } },
  'a proof whose audience is a list of one': { by: 'Harness', says: { 'holder proof': forOne } },
  'a proof that was signed almost two minutes ago': { by: 'Harness', says: { 'holder proof': late(119) } },
  'a task attestation without typ': { by: 'Harness', says: { 'task attestation': drop('typ') } },
  'a task attestation that lives for a day': { by: 'Harness', says: { 'task attestation': living(86_400) } },
  'a task attestation with a hash in upper case': { by: 'Harness', says: { 'task attestation': upperCase } },
  'no task attestation': { by: 'Harness', says: { 'issuance request': within('task', drop('attestation')) } },
  'a harness attestation without typ': { by: 'Harness', says: { 'harness attestation': drop('typ') } },
  'a harness attestation that lives for a day': { by: 'Harness', says: { 'harness attestation': living(86_400) } },
  'a harness attestation of another name': { by: 'Harness', says: { 'harness attestation': set({ sub: 'runner-7f3c' }) } },
  'no harness attestation': { by: 'Harness', says: { 'issuance request': within('harness', drop('attestation')) } },
  'no holder key, and so no proof': {
    by: 'Harness',
    says: {
      'issuance request': (request) => within('harness', drop('cnf', 'attestation'))(within('task', drop('attestation'))(request)),
      'bearer redemption': drop('harness_proof'),
      'browser redemption': drop('harness_proof'),
    },
  },
  'requests with members that nobody knows': {
    by: 'Harness',
    says: { 'resolution request': unknown, 'issuance request': unknown, 'bearer redemption': unknown, 'browser redemption': unknown },
  },
  'proofs and attestations with claims that nobody knows': {
    by: 'Harness',
    says: { 'holder proof': unknown, 'task attestation': unknown, 'harness attestation': unknown },
  },

  'documents that are served as text': {
    by: 'Service',
    says: { 'Service configuration': set({ 'Content-Type': 'text/plain' }), 'Service keys': set({ 'Content-Type': 'application/octet-stream' }) },
  },
  'a configuration of a later minor version, without a name': {
    by: 'Service',
    says: { 'Service configuration': (document) => within('service', drop('name'))({ ...document, version: '0.9' }) },
  },
  'keys that say nothing of themselves, and assertions without kid': {
    by: 'Service',
    says: { 'Service keys': keysAlone, 'service assertion': drop('kid') },
  },
  'assertions without typ': { by: 'Service', says: { 'service assertion': drop('typ') } },
  'assertions of a typ that is no kind': { by: 'Service', says: { 'service assertion': set({ typ: 'at+jwt' }) } },
  'assertions that live for an hour': { by: 'Service', says: { 'service assertion': living(3600) } },
  'assertions whose audience is a list of one': { by: 'Service', says: { 'service assertion': forOne } },
  'grants that say no more than they must': {
    by: 'Service',
    says: { 'bearer grant': drop('scope', 'expires_in'), 'browser grant': drop('expires_at', 'one_time') },
  },
  'messages with members that nobody knows': {
    by: 'Service',
    says: {
      ...{ 'Service configuration': unknown, 'resolution answer': unknown, 'scopes answer': unknown, 'service assertion': unknown },
      ...{ 'validation request': unknown, 'check request': unknown, 'bearer grant': unknown, 'browser grant': unknown },
    },
  },

  'documents of an Authority that are served as text': {
    by: 'Authority',
    says: { 'Authority configuration': set({ 'Content-Type': 'text/html' }), 'Authority keys': set({ 'Content-Type': 'text/plain' }) },
  },
  'a configuration without policy and approval': { by: 'Authority', says: { 'Authority configuration': drop('policy', 'approval') } },
  'endpoints and keys on another host': {
    by: 'Authority',
    says: { 'Authority configuration': (document) => within('endpoints', allElsewhere)({ ...document, jwks_uri: elsewhere(document.jwks_uri) }) },
  },
  'keys of an Authority that say nothing of themselves': {
    by: 'Authority',
    says: { 'Authority keys': keysAlone, 'authority assertion': drop('kid') },
  },
  'assertions of an Authority without typ': { by: 'Authority', says: { 'authority assertion': drop('typ') } },
  'assertions of an Authority that live for an hour': { by: 'Authority', says: { 'authority assertion': living(3600) } },
  'scope requests about no task': { by: 'Authority', says: { 'scopes request': drop('task') } },
  'a status that says no more than it must': {
    by: 'Authority',
    says: { 'issuance status': drop('type', 'expires_at', 'poll_after_ms', 'links') },
  },
  'a validation that says no more than it must': { by: 'Authority', says: { 'validation answer': drop('task') } },
  'a user in another case of the local part': {
    by: 'Authority',
    says: { 'validation answer': within('user', set({ email: 'ADA@acme.example' })) },
  },
  'answers with members that nobody knows': {
    by: 'Authority',
    says: {
      ...{ 'Authority configuration': unknown, 'issuance status': unknown, 'scopes request': unknown, 'authority assertion': unknown },
      ...{ 'validation answer': unknown, 'check answer': unknown },
    },
  },
}
