/** What a policy file may speak of, as a Cedar schema: files are validated against it, and `agentpass-authority policy schema` prints it. */
export const POLICY_SCHEMA = `// What policies of an AgentPass Authority speak of. Namespace: AgentPass.
//
// For each scope that the Service offers, policy is asked twice: may this be approved without a person (action "approve"), and if not,
// may a person be asked for it (action "ask")? What is approved is granted at once, and nothing else. Where nothing is, a person is asked
// for what may be asked. Where nothing may, the request is denied. A forbid always wins:
//   forbid (principal, action, resource) …                                    the scope is denied
//   forbid (principal, action == AgentPass::Action::"approve", resource) …    never without a person
//
// Annotations: @id names a policy, @reason says why in words that people read. On a permit of "ask": @approvers("ada@acme.example, group:leads")
// names who alone may approve ("user": the user; "admin-token": scripts), @approvals("2") demands two different people.
namespace AgentPass {
  /// A group of people, as the identity provider named it when they last signed in to the console: Group::"support".
  entity Group;

  /// Whom the agent acts for, by address, the domain in lower-case ASCII: User::"ada@acme.example".
  entity User in [Group] = { domain: String };

  /// Who asks. Three kinds, by how much is known of the Harness, so that a name which somebody gave themselves never passes for one that others vouch for.
  /// An issuer or workload identity provider of the settings vouches for it: Attested::"ISSUER#SUBJECT", the issuer as the settings pin it.
  entity Attested = { agent: String, harness: String, vouched_by: String, key_thumbprint?: String };
  /// Its key was registered with this Authority: Registered::"NAME OF THE KEY". "agent" is what it calls itself.
  entity Registered = { agent: String, harness: String, vouched_by: String, key_thumbprint?: String };
  /// Nobody vouches for it: Unverified::"WHAT IT CALLS ITSELF". Anybody can use any name.
  entity Unverified = { agent: String, harness: String, key_thumbprint?: String };

  /// A Service, by its origin: Service::"https://desk.example".
  entity Service;

  /// One scope that the Service offers this user: Scope::"https://desk.example tickets:read". "*" stands for all this user could do there.
  entity Scope in [Service] = { name: String };

  type Task = {
    /// As the Harness chose it. What the agent says of its task is not here: it decides nothing.
    id: String,
    /// Whether the holder key has signed it.
    attested: Bool
  };
  type Destination = { url: String, origin: String, on_service: Bool };
  /// When it was asked, in policy.time_zone.
  type Time = { hour: Long, minute: Long, weekday: String, date: String };

  type Request = {
    user: User,
    /// "bearer_token" or "browser_session".
    type: String,
    task: Task,
    /// Where a browser session begins, where the request says so.
    destination?: Destination,
    /// Where the request came from.
    address?: __cedar::ipaddr,
    time: Time,
    now: __cedar::datetime
  };

  action "approve", "ask" appliesTo { principal: [Attested, Registered, Unverified], resource: [Scope], context: Request };
}
`
