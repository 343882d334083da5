/** `oidc-provider`, fit for Node 20. It is made for Node 22, says so when it is loaded, and needs `URL.parse`, all that Node 20 lacks of what it uses. */

if (!('parse' in URL)) {
  const parse = (url: string, base?: string) => (URL.canParse(url, base) ? new URL(url, base) : null)
  Object.defineProperty(URL, 'parse', { value: parse, configurable: true, writable: true })
}

const { warn } = console
console.warn = (...said: unknown[]) => (String(said[0]).includes('Unsupported runtime') ? undefined : warn(...said))
const library = await import('oidc-provider')
console.warn = warn

export const { Provider, interactionPolicy } = library
