import { beforeEach, inject } from 'vitest'

// Set-up of the runs on PostgreSQL: without a server each of their tests is skipped, and the run's set-up has said so.
beforeEach(({ skip }) => {
  if (inject('postgres') === undefined) skip('PostgreSQL is not here')
})
