/** A policy file as an enterprise might have it, and Cedar policies of a test's own. */

import { loadEngine } from '../authority/node/policy-file.ts'
import { createCedarPolicy } from '../authority/policy/cedar.ts'
import { compilePolicies } from '../authority/policy/compile.ts'
import type { Policy } from '../authority/policy/policy.ts'

export const ACME_POLICY = `
// Everybody may be asked, about everything that is not denied.
@id("people-first")
permit (principal, action == AgentPass::Action::"ask", resource);

@id("support-reads")
@reason("Agents that others vouch for may read tickets for support")
permit (principal is AgentPass::Attested, action == AgentPass::Action::"approve", resource in AgentPass::Service::"https://desk.example")
when { resource.name == "tickets:read" && context.user in AgentPass::Group::"support" };

@id("nightly-build")
permit (principal == AgentPass::Attested::"Acme CI#repo:acme/desk", action == AgentPass::Action::"approve", resource in AgentPass::Service::"https://builds.example")
when { context.task.id like "nightly-*" && context.type == "bearer_token" };

@id("own-laptop")
permit (principal == AgentPass::Registered::"ada's laptop", action == AgentPass::Action::"approve", resource)
when { context.user == AgentPass::User::"ada@acme.example" && resource.name like "*:read" };

@id("office-hours")
@reason("Outside office hours a person looks")
forbid (principal, action == AgentPass::Action::"approve", resource)
unless { context.time.hour >= 8 && context.time.hour < 18 && !["saturday", "sunday"].contains(context.time.weekday) };

@id("payroll")
@reason("Payroll takes two people of finance")
@approvers("group:finance-leads")
@approvals("2")
permit (principal, action == AgentPass::Action::"ask", resource in AgentPass::Service::"https://payroll.example");

@id("no-unverified-admin")
@reason("Administration is for agents that somebody vouches for")
forbid (principal is AgentPass::Unverified, action, resource)
when { resource.name like "*:admin" };

@id("never-everything")
forbid (principal, action, resource) when { resource.name == "*" };

@id("no-elsewhere")
@reason("A session begins at its Service")
forbid (principal, action, resource) when { context has destination && !context.destination.on_service };

@id("no-guest-network")
forbid (principal, action, resource) when { context has address && context.address.isInRange(ip("203.0.113.0/24")) };

@id("contractors")
@reason("Contractors have no agents")
forbid (principal, action, resource) when { context.user.domain == "contractor.example" };
`

let slots = 0

/** Policy of a file's text. */
export async function cedar(text: string, timeZone = 'UTC'): Promise<Policy> {
  const engine = await loadEngine()
  return createCedarPolicy(engine, await compilePolicies(engine, text), { slot: `test ${slots++}`, timeZone })
}
