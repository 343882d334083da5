/** `npm run test:thorough` takes all of what `npm test` takes a fixed sample of: what states the same fact again and again, and takes its time. */
export const isThorough = process.env.AGENTPASS_TEST_THOROUGH === '1'

/** All of a list when the run is thorough; otherwise every so many of it, always the same ones, and the first. */
export const sampled = <T>(all: T[], every: number): T[] => (isThorough ? all : all.filter((_, i) => i % every === 0))
