import { addKeyTimes } from '../../../spec/node/shared-tables.ts'

/** Signing keys are rotated: each has times. */
export const keyRotation = addKeyTimes
