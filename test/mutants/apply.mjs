// Applies the mutant that AGENTPASS_MUTANT names to whatever process loads its file: the parties, and never the suite that judges them.
import { register } from 'node:module'

const isSuite = /conformance[\\/]main\.js$/.test(process.argv[1] ?? '')
if (process.env.AGENTPASS_MUTANT && !isSuite) register('./hook.mjs', import.meta.url, { data: JSON.parse(process.env.AGENTPASS_MUTANT) })
