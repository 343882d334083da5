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
  '\u200b': 'ZWSP',
  '\u200d': 'ZWJ',
  '\u200e': 'LRM',
  '\u200f': 'RLM',
  '\u202d': 'LRO',
  '\u202e': 'RLO',
  '\u2066': 'LRI',
  '\u2067': 'RLI',
  '\ufeff': 'BOM',
}

/** Text of a peer on one line: what would not be seen, would mislead the eye, or would command a terminal, is shown by name, as ⟦ESC⟧ or ⟦U+2800⟧. */
export const visible = (text: string): string => text.replace(UNSEEN, (char) => `⟦${NAMES[char] ?? codePoint(char)}⟧`)

/** The same of text that may have several lines; they stay lines. */
export const visibleLines = (text: string): string[] => text.split(/\r?\n/).map(visible)

/** How code points are written, such as `U+202E`. */
export const codePoint = (char: string): string => `U+${(char.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, '0')}`
