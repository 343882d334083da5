/** Somebody who works at the world's enterprise, as its identity provider knows them. Groups say what they do; what that lets them do at an
 *  Authority is for its settings. */
export type Employee = { sub: string; email: string; email_verified: boolean; name: string; groups: string[] }

const employee = (number: number, name: string, groups: string[], verified = true): Employee => ({
  sub: `employee-${number}`, // never the address: that can change, and be given to somebody else
  email: `${name.toLowerCase()}@acme.localhost`,
  email_verified: verified,
  name,
  groups,
})

/** The enterprise's people. Nobody has verified Mallory's address, whatever the groups. */
export const EMPLOYEES = {
  ada: employee(1001, 'Ada', ['support']),
  ben: employee(1002, 'Ben', ['support']),
  cleo: employee(1003, 'Cleo', ['desk-leads']),
  dan: employee(1004, 'Dan', ['finance']),
  eve: employee(1005, 'Eve', ['finance-leads']),
  audrey: employee(1006, 'Audrey', ['security']),
  ida: employee(1007, 'Ida', ['it']),
  mallory: employee(1008, 'Mallory', ['desk-leads'], false),
}

export const findEmployee = (sub: unknown): Employee | undefined => Object.values(EMPLOYEES).find((one) => one.sub === sub)
