import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { z } from 'zod'
import type { Fetch } from '../../spec/effects.ts'
import type { BrokerParty } from './broker.ts'

/** What a tool answered: the words for a model, and the same for programs. */
export type Told = { text: string; data: Record<string, unknown>; isError: boolean }
/** An agent as a model's program has it: an MCP client of a broker. `seen` is every byte that it sent and was sent. */
export type Agent = {
  use: (tool: string, args: Record<string, unknown>, onNews?: (text: string) => void) => Promise<Told>
  seen: () => string
  leave: () => Promise<void>
}

const Result = z.object({
  content: z.tuple([z.object({ text: z.string() })]),
  structuredContent: z.record(z.string(), z.unknown()).default({}),
  isError: z.boolean().default(false),
})

/** Connects an MCP client to a broker. `fetch` may take as long as a decision does. */
export async function connectAgent({ mcp, credential }: BrokerParty, fetch: Fetch): Promise<Agent> {
  const seen: string[] = []
  const client = new Client({ name: 'agentpass-world', version: '0' })
  const transport = new StreamableHTTPClientTransport(new URL(mcp), {
    requestInit: { headers: { authorization: `Bearer ${credential}` } },
    fetch: async (url, init) => {
      if (typeof init?.body === 'string') seen.push(init.body)
      const { body, status, headers } = await fetch(String(url), init)
      const decoder = new TextDecoder()
      const noted = body?.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(part, controller) {
            seen.push(decoder.decode(part, { stream: true }))
            controller.enqueue(part)
          },
        }),
      )
      return new Response(noted ?? null, { status, headers })
    },
  })
  await client.connect(transport)
  return {
    async use(tool, args, onNews) {
      const options = onNews && { onprogress: ({ message }: { message?: string | undefined }) => onNews(message ?? '') }
      const { content, structuredContent, isError } = Result.parse(await client.callTool({ name: tool, arguments: args }, undefined, options))
      return { text: content[0].text, data: structuredContent, isError }
    },
    seen: () => seen.join('\n'),
    async leave() {
      await transport.terminateSession()
      await client.close()
    },
  }
}
