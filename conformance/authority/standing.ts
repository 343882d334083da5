import type { Ground } from '../actors/ground.ts'
import { createFakeService, type FakeService, OFFERED, type ServiceMade } from '../actors/service.ts'
import { Skipped } from '../case.ts'

/** Gives a case a Service of the suite. */
export type Lend = (made?: ServiceMade) => FakeService
/** The Services of an Authority that knows them by its own settings: the same from the first case to the last, because it keeps what it has read of them. */
export type Standing = { forCase: () => Lend; forReference: () => Lend }

const WHY = "the peer is not pointed at the suite's DNS server (suite.names is static), and this needs a Service that it has never seen"

/** Starts the three Services of fixed names. Cases get two of them, one case at a time; the third is the reference exchange's, which goes on beside them. */
export function startStanding(ground: Ground): Standing {
  const [first, second, third] = [1, 2, 3].map((number) => createFakeService(ground, { host: `service-${number}` }))
  const lender = (all: (FakeService | undefined)[]) => (): Lend => {
    const left = [...all]
    return (made = {}) => {
      const service = left.shift()
      if (!service || Object.keys(made).length > 0) throw new Skipped(WHY)
      return held(asNew(service))
    }
  }
  return { forCase: lender([first, second]), forReference: lender([third]) }
}

/** What an earlier case did with it is over. */
const asNew = (service: FakeService): FakeService => Object.assign(service, { on: {}, calls: [], strays: [], scopes: OFFERED, otherwise: undefined })

/** What the peer may have read already cannot be another: a case that changes it is skipped. */
function held(service: FakeService): FakeService {
  return new Proxy(service, {
    get: (it, name) => (name === 'document' ? frozen(it.document) : name === 'keys' ? shallow(it.keys) : Reflect.get(it, name)),
    set: (it, name, value) => (name === 'document' || name === 'keys' ? refuse() : Reflect.set(it, name, value)),
  })
}

const refuse = (): never => {
  throw new Skipped(WHY)
}
const shallow = <T extends object>(value: T): T => new Proxy(value, { set: refuse, deleteProperty: refuse })
const frozen = <T extends object>(value: T): T =>
  new Proxy(value, {
    get: (it, name) => {
      const member: unknown = Reflect.get(it, name)
      return typeof member === 'object' && member !== null ? frozen(member) : member
    },
    set: refuse,
    deleteProperty: refuse,
  })
