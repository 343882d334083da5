import { ValidationResponse } from '../../spec/wire/validation.ts'
import { member } from '../actors/authority.ts'
import { expectAnswer, expectRefused } from '../actors/client.ts'
import { NO_VERSIONS } from '../actors/document-faults.ts'
import { type Case, expectEqual } from '../case.ts'
import { expectClosed } from './discovering.ts'
import { expectStillGood } from './presenting.ts'
import type { AuthorityStage } from './stage.ts'

/** Its pass is presented while the Service's document has another version. */
const presentedWith = (s: AuthorityStage, version: unknown): Promise<void> => {
  let usual: unknown
  return expectClosed(s, {
    begin: ({ document }) => {
      usual = document.version
      document.version = version
    },
    end: ({ document }) => {
      document.version = usual
    },
    met: (service) => service.callsTo('document').length,
  })
}

/** Which versions of a Service's document an Authority speaks (§2.2). */
export const versions: Case<AuthorityStage>[] = [
  ...['9.0', '1.0', '10.1'].map(
    (version): Case<AuthorityStage> => ({
      id: version === '9.0' ? 'VER-03' : `VER-03/${version}`,
      about: `the document of the pass’s Service has the version ${version}`,
      negative: true,
      run: (s) => presentedWith(s, version),
    }),
  ),
  ...['0.9', '0.10'].map(
    (version): Case<AuthorityStage> => ({
      id: version === '0.9' ? 'VER-04/authority' : `VER-04/authority-${version}`,
      about: `the Service’s document has the version ${version}`,
      run: async (s) => {
        const service = s.service()
        service.document.version = version
        await expectStillGood(s, await s.approved({ service }))
      },
    }),
  ),
  ...[...NO_VERSIONS, ['space', 'the version “0.1 ”', '0.1 '] as const].map(
    ([slug, what, version]): Case<AuthorityStage> => ({
      id: `VER-05/authority-${slug}`,
      about: `the document of the pass’s Service has ${what}`,
      negative: true,
      run: (s) => presentedWith(s, version),
    }),
  ),
  {
    id: 'VER-06/authority',
    about: 'the Service’s document has the version 1.0, and a pass for it is asked for',
    negative: true,
    run: async (s) => {
      const service = s.service()
      service.document.version = '1.0'
      const reply = await s.issue(s.message(service))
      expectRefused(reply, { orServerError: true })
      const message = String(member(member(reply.json, 'error'), 'message'))
      if (!/1\.0|version/i.test(message)) s.warn(`the message should name the version: “${message.slice(0, 200)}”`)
      expectEqual(service.callsTo('scopes').length, 0, 'requests for its scopes')
      await s.redeemed() // it is alive
    },
  },
  {
    id: 'VER-07/authority-document',
    about: 'the Service’s document has members that nobody knows, beside and in those that are used',
    run: async (s) => {
      const service = s.service()
      const { endpoints } = service.document
      Object.assign(service.document, { x_unknown: { deep: [1] }, trust: { x_unknown: null }, service: { origin: service.origin, x_unknown: true } })
      service.document.endpoints = { ...(typeof endpoints === 'object' && endpoints), x_unknown: 'https://unknown.invalid/' }
      await expectStillGood(s, await s.approved({ service }))
    },
  },
  {
    id: 'VER-07/authority-issuance',
    about: 'a request has members that nobody knows, at every level',
    run: async (s) => {
      const service = s.service()
      const { user, harness, task } = s.message(service)
      const x_unknown = { deep: [{}] }
      const changed = {
        ...{ user: { ...user, x_unknown }, harness: { ...harness, x_unknown }, task: { ...task, x_unknown } },
        ...{ service: { origin: service.origin, x_unknown }, intent: { x_unknown }, x_unknown },
      }
      await expectStillGood(s, await s.approved({ service, changed }))
    },
  },
  {
    id: 'VER-07/authority-validation',
    about: 'a validation and a check have members that nobody knows',
    run: async (s) => {
      const { value, service } = await s.approved()
      const body = { agentpass: { value, x_unknown: [null] }, x_unknown: 17 }
      const { authorization_id } = expectAnswer(await s.validate(value, service, { body }), ValidationResponse, 'the validation')
      const checked = await s.check(authorization_id, service, { body: { authorization_id, x_unknown: {} } })
      expectEqual(checked.status, 200, 'the status of the check')
    },
  },
  {
    id: 'VER-07/authority-assertion',
    about: 'an assertion has a claim and a header member that nobody knows',
    run: async (s) => {
      const { value, service } = await s.approved()
      const changes = { claims: { x_unknown: { deep: [] } }, header: { x_unknown: true } }
      expectAnswer(await s.validate(value, service, { changes }), ValidationResponse, 'the validation')
    },
  },
  {
    id: 'VER-07/authority-key',
    about: 'the Service’s keys have members that nobody knows',
    run: async (s) => {
      const service = s.service()
      service.on.jwks = () => ({ json: { keys: service.keys.map(({ jwk }) => ({ ...jwk, x_unknown: { deep: 1 } })), x_unknown: 'unknown' } })
      await expectStillGood(s, await s.approved({ service }))
    },
  },
]
