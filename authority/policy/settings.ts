import { z } from 'zod'
import { userPattern } from '../../spec/email.ts'
import { origin } from '../../spec/origin.ts'

const DECISIONS = ['approve', 'deny', 'ask'] as const

const rule = z.strictObject({
  service: origin.optional(),
  user: userPattern.optional(),
  scopes: z.array(z.string().min(1)).min(1).optional(),
  decision: z.enum(DECISIONS),
})

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }) !== undefined
  } catch {
    return false // it throws for any other name
  }
}

/** The `policy` of an Authority's settings: rules for the small case, or a file of Cedar policies; and for how long people may have an approval remembered. */
export const policySettings = z
  .strictObject({
    default: z.enum(DECISIONS).default('ask'),
    rules: z.array(rule).default([]),
    /** A file of Cedar policies, relative to the settings. It is read again when it changes. */
    file: z.string().min(1).optional(),
    /** In which policies are told the time. */
    time_zone: z.string().refine(isTimeZone, 'is no time zone such as Europe/Berlin').default('UTC'),
    /** The longest that an approval may be remembered; 0 for not at all. */
    remember_days: z.int().min(0).max(90).default(0),
  })
  .refine(({ file, rules }) => file === undefined || rules.length === 0, {
    path: ['rules'],
    error: 'stand beside a file, which alone decides: put them there as policies',
  })
