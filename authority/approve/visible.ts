/** What no reader sees, or what changes how the rest is seen: controls, format and bidi characters, fillers, odd spaces; and the brackets they are shown in. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u{2800}\u{27e6}\u{27e7}]|(?! )\p{Zs}/gu

const NAMES: Record<string, string> = {
  '\u0000': 'NUL',
  '\u0007': 'BEL',
  '\b': 'BS',
  '\t': 'TAB',
  '\n': 'LF',
  '\r': 'CR',
  '\u001b': 'ESC',
  '\u007f': 'DEL',
  '\u009b': 'CSI',
  '\u00a0': 'NBSP',
  '\u00ad': 'SHY',
  '\u061c': 'ALM',
  '\u200b': 'ZWSP',
  '\u200c': 'ZWNJ',
  '\u200d': 'ZWJ',
  '\u200e': 'LRM',
  '\u200f': 'RLM',
  '\u202a': 'LRE',
  '\u202b': 'RLE',
  '\u202c': 'PDF',
  '\u202d': 'LRO',
  '\u202e': 'RLO',
  '\u2060': 'WJ',
  '\u2066': 'LRI',
  '\u2067': 'RLI',
  '\u2068': 'FSI',
  '\u2069': 'PDI',
  '\ufeff': 'BOM',
}

/** Text that others wrote, on one line, for an approver: what would not be seen, or would mislead the eye, is shown by name, as ⟦RLO⟧ or ⟦U+2800⟧. */
export const visible = (text: string): string => text.replace(UNSEEN, (char) => `⟦${NAMES[char] ?? codePoint(char)}⟧`)

/** The same of text that may have several lines. */
export const visibleLines = (text: string): string[] => text.split(/\r?\n/).map(visible)

/** The same without a flood of empty lines: more than so many in a row are one line that says how many they were. */
export function visibleParagraphs(text: string, mostEmpty: number): string[] {
  const lines: string[] = []
  let empty = 0
  for (const line of [...visibleLines(text), undefined]) {
    if (line?.trim() === '') {
      empty += 1
      continue
    }
    if (empty > mostEmpty) lines.push(`⟦${empty} empty lines⟧`)
    else for (let i = 0; i < empty; i++) lines.push('')
    empty = 0
    if (line !== undefined) lines.push(line)
  }
  return lines
}

const codePoint = (char: string): string => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
