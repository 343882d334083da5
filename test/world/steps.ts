import type { Ask, PartyName } from './tap.ts'

/** A step of the protocol as it is seen on the wire: what it is called, where it stands in `spec/agentpass.md`, why it is there, and what is required of it. */
export type Step = { name: string; section: string; why: string; requirements: string[] }
type Pattern = Step & { asked: RegExp; party?: PartyName }

/** What a question on the wire is about: by its method and path, or the TXT name, and where it matters by who asks. The first that matches counts. */
export const STEPS: Pattern[] = [
  {
    asked: /^TXT _agentpass-service\./,
    party: 'harness',
    name: 'Where is its document?',
    section: '2.1 Names in DNS',
    why: 'The Harness begins with nothing but the Service’s origin. The record of its host says where the configuration is.',
    requirements: ['HAR-DISC-01', 'DISC-SVC-01', 'DISC-SVC-07'],
  },
  {
    asked: /^TXT _agentpass-service\./,
    name: 'Where is its document?',
    section: '2.1 Names in DNS',
    why: 'An Authority finds a Service by the same record: to ask it for scopes, and to learn the keys that its assertions are signed with.',
    requirements: ['DISC-SVC-02', 'DISC-SVC-03', 'AUTH-ASRT-02'],
  },
  {
    asked: /^TXT _agentpass\./,
    name: 'Who decides for this domain?',
    section: '2.3 The four outcomes',
    why: 'The owner of the user’s email domain names its Authority here, or says none. Only where there is no record may somebody else decide; a failure is never taken for that.',
    requirements: ['DISC-ENT-01', 'DISC-ENT-04', 'DISC-ENT-08', 'DISC-ENT-09'],
  },
  {
    asked: /^GET .*\/\.well-known\/agentpass-service$/,
    name: 'The Service’s document',
    section: '2.8 Service document',
    why: 'The endpoints of the Service. Its origin must be the one that was looked up, or somebody else’s document has been put there.',
    requirements: ['CFG-S-01', 'CFG-S-03', 'DISC-SVC-05', 'DISC-SVC-06'],
  },
  {
    asked: /^GET .*\/\.well-known\/agentpass-authority$/,
    party: 'service',
    name: 'The Authority’s document',
    section: '2.6 Binding a document to its source',
    why: 'What enterprise DNS led to must be an enterprise’s Authority, of the very origin that DNS names.',
    requirements: ['CFG-A-01', 'DISC-ENT-13', 'DISC-ENT-14', 'DISC-ENT-15'],
  },
  {
    asked: /^GET .*\/\.well-known\/agentpass-authority$/,
    name: 'The Authority’s document',
    section: '2.7 Authority document',
    why: 'Where to ask for a pass. It must name the Authority that the Service named.',
    requirements: ['CFG-A-01', 'CFG-A-05', 'HAR-RES-08', 'HAR-RES-09'],
  },
  {
    asked: /^GET .*\/jwks\.json$/,
    name: 'Keys',
    section: '2.9 Key sets',
    why: 'The public keys that an assertion of this party is verified with.',
    requirements: ['CFG-A-08', 'CFG-S-07', 'AUTH-ASRT-17'],
  },
  {
    asked: /^POST .*\/resolve-authorities$/,
    name: 'Who may decide for this user?',
    section: '3.2 The decision',
    why: 'The Service answers by what the user’s domain says and by its own settings. The Harness never chooses an Authority that it was not offered.',
    requirements: ['HAR-RES-01', 'HAR-RES-02', 'SVC-RES-02', 'SVC-RES-03', 'SVC-RES-12'],
  },
  {
    asked: /^POST .*\/issuance$/,
    name: 'May the agent do this task?',
    section: '4.1 Issuance request',
    why: 'Who asks, for whom, where and what for, with a fresh public key: what is approved will be bound to it.',
    requirements: ['HAR-ISS-02', 'HAR-ISS-03', 'HAR-ISS-07', 'AUTH-ISS-01', 'AUTH-TATT-04'],
  },
  {
    asked: /^POST .*\/available-scopes$/,
    name: 'Which scopes would you accept?',
    section: '5.1 Available scopes',
    why: 'An approver can only grant what the Service knows. The Service answers an Authority that may decide for this user, and no other.',
    requirements: ['AUTH-ISS-17', 'AUTH-ISS-18', 'SVC-SCD-02', 'SVC-SCD-06', 'SVC-SCD-08'],
  },
  {
    asked: /^GET .*\/issuance\/…$/,
    name: 'Has somebody decided?',
    section: '4.5 Status endpoint',
    why: 'The Harness asks again until the request is approved, denied, canceled or expired. The address is a capability, so it is not shown here.',
    requirements: ['HAR-POLL-01', 'HAR-POLL-02', 'AUTH-STA-01', 'AUTH-STA-03', 'AUTH-STA-12'],
  },
  {
    asked: /^GET .*\/issuance\/…\/events$/,
    name: 'Tell me when somebody has decided',
    section: '10.6 Status events and approval link',
    why: 'The same documents as a stream: the Harness hears of the decision at once. Where there is no stream, it asks again and again.',
    requirements: ['AUTH-STA-03', 'AUTH-STA-12', 'HAR-POLL-04'],
  },
  {
    asked: /^DELETE .*\/issuance\/…$/,
    name: 'Never mind',
    section: '4.5 Status endpoint',
    why: 'The Harness calls its request off while nobody has decided.',
    requirements: ['AUTH-STA-13', 'AUTH-STA-03'],
  },
  {
    asked: /^POST .*\/redeem\/bearer-token$/,
    name: 'A pass, for a token',
    section: '8.3 Order of checks',
    why: 'The pass buys one token, once. The proof shows that who brings it has the key that it was issued for.',
    requirements: ['HAR-RED-01', 'HAR-RED-04', 'HAR-RED-05', 'SVC-RED-03', 'SVC-RED-19', 'SVC-HB-01', 'SVC-SCP-05'],
  },
  {
    asked: /^POST .*\/redeem\/browser-session$/,
    name: 'A pass, for a browser session',
    section: '8.6 Browser session',
    why: 'The pass buys one session in a browser, which begins with a one-time token.',
    requirements: ['HAR-RED-01', 'SVC-RED-03', 'SVC-BRW-01', 'SVC-BRW-02', 'SVC-BRW-03'],
  },
  {
    asked: /^POST .*\/agentpass\/initialize$/,
    name: 'The session begins',
    section: '8.7 Initialization',
    why: 'The one-time token is spent before anything else. What begins is a session of the agent’s own, with a cookie that no script reads, at the approved page.',
    requirements: ['HAR-BRW-01', 'HAR-BRW-03', 'SVC-BRW-05', 'SVC-BRW-08', 'SVC-BRW-12', 'SVC-BRW-16'],
  },
  {
    asked: /^POST .*\/agentpass\/security-events$/,
    name: 'Something has ended',
    section: '10.1 Push revocation',
    why: 'The Authority tells the Service at once, and again until it has heard. Without this the Service would notice at its next check.',
    requirements: ['SVC-CONT-01', 'AUTH-CHK-02'],
  },
  {
    asked: /^POST .*\/validate$/,
    name: 'What is this pass good for?',
    section: '6.2 Order of checks at the Authority',
    why: 'The one moment in which a pass is spent. From here on there is an authorization, which can be narrowed and ended.',
    requirements: ['SVC-RED-08', 'AUTH-VAL-01', 'AUTH-VAL-02', 'AUTH-VAL-03', 'AUTH-VAL-07', 'AUTH-VAL-17'],
  },
  {
    asked: /^POST .*\/authorization\/check$/,
    name: 'Does it still stand?',
    section: '7.1 Authorization check',
    why: 'The Service keeps asking while the token is used. 404 means that the authorization has ended, and the token ends with it.',
    requirements: ['SVC-CONT-01', 'SVC-CONT-02', 'SVC-CONT-03', 'AUTH-CHK-01', 'AUTH-CHK-02', 'AUTH-CHK-11'],
  },
  {
    asked: /^POST .*\/authorization\/close$/,
    name: 'It is over',
    section: '7.2 Authorization close',
    why: 'The Service says that the work is done, or must stop.',
    requirements: ['SVC-CONT-07', 'AUTH-CLS-01', 'AUTH-CLS-04'],
  },
  {
    asked: /^POST .*\/agentpass\/revoke$/,
    name: 'The task is done',
    section: '10.5 End of task',
    why: 'The Harness gives its token back. The session and the authorization end.',
    requirements: ['SVC-CONT-07', 'AUTH-CLS-01'],
  },
]

const WORK: Step = {
  name: 'The agent works',
  section: '8.5 Bearer token',
  why: 'A call of the app’s own. The gateway sees that the token is good and its scope enough, and tells the app who acts for whom.',
  requirements: ['HAR-TOK-01', 'SVC-TOK-04', 'SVC-CONT-06'],
}
const OTHER: Step = {
  name: 'A document that a record names',
  section: '2.4 Fetching a document',
  why: 'A record may name any address. What stands there must be valid, or nobody decides.',
  requirements: ['DISC-ENT-12', 'DISC-ENT-13'],
}

/** What a question is about. The Harness asks a Service nothing else but the work itself. */
export const stepOf = ({ asked, party }: Pick<Ask, 'asked' | 'party'>): Step =>
  STEPS.find((step) => step.asked.test(asked) && (step.party ?? party) === party) ?? (party === 'harness' ? WORK : OTHER)
