// A module loader that changes one text in one file.
let mutant

export function initialize(data) {
  mutant = data
}

export async function load(url, context, next) {
  const loaded = await next(url, context)
  if (!url.endsWith(`/${mutant.file}`)) return loaded
  const source = String(loaded.source)
  if (source.split(mutant.find).length !== 2) throw new Error(`the mutant's text is not exactly once in ${mutant.file}`)
  return { ...loaded, source: source.replace(mutant.find, () => mutant.replace) }
}
