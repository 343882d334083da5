import { z } from 'zod'

/** What a conformance suite tells of itself: where its DNS server is, whose certificates it has, and how its hosts are called. */
export const Suite = z.strictObject({
  profile: z.enum(['core-0.1', 'hardened']).default('core-0.1'),
  zone: z.string(),
  address: z.string(),
  dns_port: z.int(),
  https_port: z.int(),
  ca_file: z.string(),
  /** Which of our parties it judges. */
  parties: z.array(z.enum(['authority', 'service', 'harness'])).default(['authority', 'service', 'harness']),
})
export type Suite = z.infer<typeof Suite>

/** The suite's host of that name. */
export const hostAt = ({ zone, https_port: port }: Suite, name: string): string => `https://${name}.${zone}:${port}`

/** How a Service names one of the suite's Authorities in its settings. */
export const pinAt = (suite: Suite, name: string) => ({
  authority: hostAt(suite, name),
  authority_configuration_url: `${hostAt(suite, name)}/.well-known/agentpass-authority`,
})
