import { type CommonSettings, commonSettingsText, settingsHead, yamlValue } from '../../../spec/node/settings-text.ts'

/** Where the first agent's credential is, from the settings. */
export const AGENT_CREDENTIAL_FILE = 'secrets/agent.credential'

/** A fleet broker's settings file as `init` writes it: every member explained, every default shown commented out. */
export const brokerSettingsText = (broker: string, common: CommonSettings): string => `${settingsHead('an AgentPass broker', 'agentpass broker')}
# The broker's own origin: where agents reach it. A request that names another host is refused.
broker: ${yamlValue(broker)}

# The agents, each with a credential of its own (32 or more characters) that it sends as Authorization: Bearer. No agent sees another's tasks.
# users: [ada@acme.example, "@build.acme.example"]  for whom alone it may ask; services: [https://desk.example]  where alone
agents:
  - name: agent
    credential:
      file: ./${AGENT_CREDENTIAL_FILE}

# For whom agents act where they do not say so.
# user: ada@acme.example

# What this broker calls itself, to authorities and services. Without it, agentpass-broker@ and the name of the machine.
# harness_id: agents@acme.example

# A key that is registered at authorities, for every task (agentpass key makes one); without it each task has a fresh one.
# holder_key: { file: ./secrets/holder-key.json }

# Which authority to use for users of an e-mail domain, where a service offers several.
#authorities: {}

# How many tasks of one agent may live at once, how many it may start in a minute, and how many MCP sessions it may have.
#limits:
#  live_tasks: 100
#  starts_per_minute: 60
#  mcp_sessions: 20
${commonSettingsText('broker', common)}`
