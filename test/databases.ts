import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pg from 'pg'
import { inject, onTestFinished } from 'vitest'
import { temporaryFolder } from './folders.ts'

/** What this run of the tests keeps its state in: `npm test` runs what is about stores and concurrency once on each. */
export const onPostgres = inject('onPostgres')

/** A database of a test's own, that goes when the test ends: the path of a SQLite file, or the URL of a database on the tests' server. */
export async function freshDatabase(): Promise<string> {
  if (!onPostgres) return join(temporaryFolder(), 'party.db')
  const name = `t_${randomBytes(8).toString('hex')}`
  await administer(`create database ${name} template template0`)
  onTestFinished(() => administer(`drop database if exists ${name} with (force)`))
  return urlOf(name)
}

const server = (): string => inject('postgres') ?? ''

const urlOf = (name: string): string => {
  const url = new URL(server())
  url.pathname = `/${name}`
  return url.href
}

/** Runs a command as the server's administrator. */
async function administer(command: string): Promise<void> {
  const client = new pg.Client(server())
  await client.connect()
  await client.query(command).finally(() => client.end())
}
