import { codePoint } from './visible.ts'

/** What XML 1.0 has no way to say, not even as a reference: most controls, lone surrogates, U+FFFE and U+FFFF. */
const UNSAYABLE = /[^\t\n\r\u{20}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/gu
const REFERENCES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;', '\t': '&#9;', '\r': '&#13;' }

/** Text of an element. `>` is a reference too, so that `]]>` never stands there. */
export const xmlText = (text: string): string =>
  text.replace(UNSAYABLE, (char) => `⟦${codePoint(char)}⟧`).replace(/[&<>"'\t\r]/g, (char) => REFERENCES[char] ?? char)

/** An element, its attributes in the order given, and what is in it, which is XML already. Attributes that are undefined are left out. */
export function element(name: string, attributes: Record<string, string | number | undefined>, content: string[] = []): string {
  const written = Object.entries(attributes).flatMap(([key, value]) => (value === undefined ? [] : [` ${key}="${attribute(String(value))}"`]))
  return content.length === 0 ? `<${name}${written.join('')}/>` : `<${name}${written.join('')}>${content.join('')}</${name}>`
}

const attribute = (value: string): string => xmlText(value).replaceAll('\n', '&#10;') // a reader would make a space of it
