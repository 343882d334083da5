/** Whether a text is of a pattern, given as the texts between its wildcards: each in its order, the first at the beginning and the last at the end. */
export function isOf(segments: string[], text: string): boolean {
  const [first = '', ...rest] = segments
  const last = rest.pop()
  if (last === undefined) return text === first
  if (!text.startsWith(first) || !text.endsWith(last) || text.length < first.length + last.length) return false
  const end = text.length - last.length
  let from = first.length
  for (const segment of rest) {
    const at = text.indexOf(segment, from)
    if (at < 0 || at + segment.length > end) return false
    from = at + segment.length
  }
  return true
}
