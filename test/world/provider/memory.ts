import type { AdapterFactory, AdapterPayload } from 'oidc-provider'

type Kept = { payload: AdapterPayload; until: number }

/** Where the provider keeps its sessions, codes and tokens: in memory, until they expire or the world ends. It outlives a change of keys. */
export function createMemory(nowMs: () => number): AdapterFactory {
  const kept = new Map<string, Kept>()
  const forget = (isGone: (kept: Kept) => boolean) => {
    for (const [key, one] of kept) if (isGone(one)) kept.delete(key)
  }
  return (model) => {
    const prefix = `${model}:`
    const find = (id: string) => {
      const found = kept.get(prefix + id)
      return found && found.until > nowMs() ? found.payload : undefined
    }
    return {
      upsert: async (id, payload, seconds) => {
        forget(({ until }) => until <= nowMs())
        kept.set(prefix + id, { payload, until: seconds === undefined ? Number.POSITIVE_INFINITY : nowMs() + seconds * 1000 })
      },
      find: async (id) => find(id),
      findByUid: async (uid) => [...kept].find(([key, { payload }]) => key.startsWith(prefix) && payload.uid === uid)?.[1].payload,
      findByUserCode: async () => undefined, // there is no device flow
      consume: async (id) => void Object.assign(find(id) ?? {}, { consumed: Math.floor(nowMs() / 1000) }),
      destroy: async (id) => void kept.delete(prefix + id),
      revokeByGrantId: async (grantId) => forget(({ payload }) => payload.grantId === grantId),
    }
  }
}
