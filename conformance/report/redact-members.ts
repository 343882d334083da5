/** Members whose values are secrets wherever they stand; of one that holds an object, everything in it is. `token_type` is none. */
const SECRET = /^(?:.*_)?(?:token|jwt|assertion|proof|secret|password|cookie|set-cookie|authorization|form_fields)$/i
/** Members that are secrets within another: a pass, and the private members of a key. */
const WITHIN: Record<string, RegExp> = { agentpass: /^value$/i, jwk: /^(?:d|p|q|dp|dq|qi|k)$/, keys: /^(?:d|p|q|dp|dq|qi|k)$/ }
/** Members that hold an address with a secret in it. */
const ADDRESS = /^initialization_url$/i

const TOKENS = /"(?:[^"\\]|\\[\s\S])*(?:"|$)|[{}[\]:,]|[^\s"{}[\]:,]+/g

/** An object or array that the reader is in, and the member it is the value of. */
type Frame = { name: string; isArray: boolean; isSecret: boolean }

/** What is put in the place of a secret value, and of an address; each as it is written between quotes. */
export type Hiding = { secret: (value: string) => string; address: (value: string) => string }

/**
 * JSON text with the values of secret members hidden, and every other character as it came: order, white space, members that stand twice,
 * and what is no JSON at all or was cut.
 */
export function hideMembers(json: string, hiding: Hiding): string {
  const frames: Frame[] = []
  let key = ''
  let isValue = true
  return json.replace(TOKENS, (token) => {
    const inside = frames.at(-1)
    const name = inside?.isArray ? inside.name : key
    if (token === '}' || token === ']') frames.pop()
    else if (token === ',' || token === ':') isValue = token === ':' || (inside?.isArray ?? true)
    else if (token === '{' || token === '[') {
      frames.push({ name, isArray: token === '[', isSecret: isSecret(inside, name) })
      isValue = token === '['
    } else if (!isValue) key = unquoted(token)
    else if (isSecret(inside, name)) return written(token, hiding.secret)
    else if (ADDRESS.test(name)) return written(token, hiding.address)
    return token
  })
}

const isSecret = (inside: Frame | undefined, name: string): boolean =>
  inside !== undefined && (inside.isSecret || SECRET.test(name) || (WITHIN[inside.name.toLowerCase()]?.test(name) ?? false))

/** A value with what it says replaced. That there is nothing, or only yes or no, is no secret. */
function written(token: string, replace: (value: string) => string): string {
  if (/^(?:null|true|false|"")$/.test(token)) return token
  const [, text = token, end = '"'] = /^"((?:[^"\\]|\\[\s\S])*)("?)$/.exec(token) ?? []
  return `"${replace(text)}${end}`
}

/** The name that a member has, however it is written: `to\u006ben` is `token`. */
function unquoted(token: string): string {
  try {
    return String(JSON.parse(token))
  } catch {
    return token
  }
}
