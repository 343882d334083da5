/** The JSON Schemas of every message on the wire, for implementers in other languages: generated from the zod schemas, never edited. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import { z } from 'zod'
import { AuthorityConfiguration, KeySetDocument, ServiceConfiguration } from '../../spec/wire/configuration.ts'
import { ErrorResponse } from '../../spec/wire/error.ts'
import { IssuanceRequest, IssuanceStatus } from '../../spec/wire/issuance.ts'
import { BearerTokenGrant, BearerTokenRedemption, BrowserSessionGrant, BrowserSessionRedemption } from '../../spec/wire/redemption.ts'
import { ResolutionRequest, ResolutionResponse } from '../../spec/wire/resolution.ts'
import { ScopesRequest, ScopesResponse } from '../../spec/wire/scopes.ts'
import { CheckRequest, CheckResponse, CloseRequest, CloseResponse, ValidationRequest, ValidationResponse } from '../../spec/wire/validation.ts'

export type WireSchema = { name: string; description: string; schema: z.ZodType }

export const FOLDER = new URL('../../spec/schemas/', import.meta.url)

export const WIRE_SCHEMAS: WireSchema[] = [
  { name: 'authority-configuration', schema: AuthorityConfiguration, description: 'The configuration document of an Authority (section 2.7)' },
  { name: 'service-configuration', schema: ServiceConfiguration, description: 'The configuration document of a Service (section 2.8)' },
  { name: 'key-set', schema: KeySetDocument, description: 'The public signing keys of a party, RFC 7517 (sections 2.7, 2.8)' },
  { name: 'resolution-request', schema: ResolutionRequest, description: 'Harness to Service: which Authority is it for this user? (section 3)' },
  { name: 'resolution-response', schema: ResolutionResponse, description: 'The Authority to ask, or those to choose from (section 3)' },
  { name: 'issuance-request', schema: IssuanceRequest, description: 'Harness to Authority: a pass for one task, please (section 4)' },
  { name: 'issuance-status', schema: IssuanceStatus, description: 'How an issuance request stands, and the pass once it is approved (section 4)' },
  {
    name: 'scopes-request',
    schema: ScopesRequest,
    description: 'Authority to Service: what would you accept for this user, agent and task? (section 5)',
  },
  { name: 'scopes-response', schema: ScopesResponse, description: 'The scopes on offer (section 5)' },
  { name: 'validation-request', schema: ValidationRequest, description: 'Service to Authority: the one call that spends a pass (section 6)' },
  { name: 'validation-response', schema: ValidationResponse, description: 'What the spent pass stands for (section 6)' },
  { name: 'check-request', schema: CheckRequest, description: 'Service to Authority: does this authorization still stand? (section 7)' },
  { name: 'check-response', schema: CheckResponse, description: 'What it stands for now (section 7)' },
  { name: 'close-request', schema: CloseRequest, description: 'Service to Authority: the work is done, or must stop (section 7)' },
  { name: 'close-response', schema: CloseResponse, description: 'How and when the authorization ended (section 7)' },
  { name: 'bearer-token-redemption', schema: BearerTokenRedemption, description: 'Harness to Service: a pass for a bearer token (section 8)' },
  { name: 'bearer-token-grant', schema: BearerTokenGrant, description: 'The bearer token (section 8)' },
  {
    name: 'browser-session-redemption',
    schema: BrowserSessionRedemption,
    description: 'Harness to Service: a pass for a browser session (section 8)',
  },
  { name: 'browser-session-grant', schema: BrowserSessionGrant, description: 'Where a browser begins the session, once (section 8)' },
  { name: 'error-response', schema: ErrorResponse, description: 'The body of every error (sections 1, 11)' },
]

/** The JSON Schema of a message, draft 2020-12. Rules it cannot state are in the text of the section. */
export function jsonSchema({ name, description, schema }: WireSchema): Record<string, unknown> {
  const { $schema, ...rules } = z.toJSONSchema(schema, { target: 'draft-2020-12', io: 'input' })
  return { $schema, $id: `urn:agentpass:0.1:${name}`, title: `AgentPass 0.1 ${name.replaceAll('-', ' ')}`, description, ...rules }
}

export const textOf = (schema: WireSchema): string => `${JSON.stringify(jsonSchema(schema), null, 2)}\n`

function writeAll(): void {
  mkdirSync(FOLDER, { recursive: true })
  for (const schema of WIRE_SCHEMAS) writeFileSync(new URL(`${schema.name}.json`, FOLDER), textOf(schema))
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) writeAll()
