import { beforeEach, inject } from 'vitest'

// Set-up of the tests in a real browser: without one each of them is skipped, and the run's set-up has said so.
beforeEach(({ skip }) => {
  if (inject('chromium') === undefined) skip('Chromium is not here')
})
