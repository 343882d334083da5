import type { Report, Result } from './report.ts'

/** Where on the page a result is told of, for a link: stable, so that it may be sent to somebody. */
export const placeOf = ({ party, id }: Pick<Result, 'party' | 'id'>): string => `${party}:${id.replace(/[^\w./-]/g, '_')}`

/** Whether one party alone was judged, so that no result must say which. */
export const isJudgedOne = ({ results }: Report): boolean => new Set(results.map(({ party }) => party)).size <= 1
