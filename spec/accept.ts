const QUALITY = /^q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/i

/** How much an `Accept` header wants a media type, from 0 to 1 (RFC 9110 §12.5.1): the most specific range that covers it says so. Without the header, everything is wanted alike. */
export function qualityOf(accept: string | undefined, mediaType: string): number {
  if (accept === undefined || accept.trim() === '') return 1
  const covering = accept
    .split(',')
    .map(readRange)
    .filter(({ range }) => covers(range, mediaType))
  const [best] = covering.sort((a, b) => specificity(b.range) - specificity(a.range))
  return best?.quality ?? 0
}

function readRange(text: string): { range: string; quality: number } {
  const [range = '', ...parameters] = text.split(';').map((part) => part.trim().toLowerCase())
  const [, quality] = parameters.map((parameter) => QUALITY.exec(parameter)).find((found) => found !== null) ?? []
  return { range, quality: quality === undefined ? 1 : Number(quality) }
}

const covers = (range: string, mediaType: string): boolean => range === mediaType || range === '*/*' || range === `${mediaType.split('/')[0]}/*`

const specificity = (range: string): number => (range === '*/*' ? 0 : range.endsWith('/*') ? 1 : 2)
