import { describeJwt } from './redact-jwt.ts'

/** What stands in the place of a secret. */
export const HIDDEN = '[redacted]'
/** Anything shorter can be guessed, and hiding it everywhere would make a report unreadable. */
const MIN_SECRET = 4

/** Secrets known by their value, in the spellings they come in. They are found by their first characters: the time it takes hardly grows with their number. */
export function createSecrets() {
  const byStart = new Map<string, Set<string>>()
  const longestAt = (text: string, at: number) =>
    [...(byStart.get(text.slice(at, at + MIN_SECRET)) ?? [])]
      .filter((secret) => text.startsWith(secret, at))
      .reduce((longest, secret) => (secret.length > longest.length ? secret : longest), '')
  return {
    add: (secret: string): void => {
      if (secret.length < MIN_SECRET) return
      for (const spelling of spellings(secret)) {
        const start = spelling.slice(0, MIN_SECRET)
        const same = byStart.get(start) ?? new Set()
        byStart.set(start, same.add(spelling))
      }
    },
    hide: (text: string): string => {
      let shown = ''
      let from = 0
      for (let at = 0; at + MIN_SECRET <= text.length; at++) {
        if (!byStart.has(text.slice(at, at + MIN_SECRET))) continue
        const found = longestAt(text, at)
        if (found === '') continue
        shown += text.slice(from, at) + (describeJwt(found) ?? HIDDEN)
        from = at + found.length
        at = from - 1
      }
      return shown + text.slice(from)
    },
  }
}

/** As it is, inside JSON, and percent-encoded. */
function spellings(secret: string): string[] {
  const json = JSON.stringify(secret).slice(1, -1)
  const percent = encodeURIComponent(secret.replace(/\p{Cs}/gu, '\ufffd'))
  return [secret, json, json.replaceAll('/', '\\/'), percent, percent.replaceAll('%20', '+')]
}
