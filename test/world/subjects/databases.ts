import { randomBytes } from 'node:crypto'
import pg from 'pg'

/** Databases for parties on a PostgreSQL server, by the URL of one whose user may create them. They go with `dropAll`. */
export function createDatabases(server: string) {
  const made: string[] = []
  const administer = async (command: string): Promise<void> => {
    const client = new pg.Client(server)
    await client.connect()
    await client.query(command).finally(() => client.end())
  }
  return {
    next: () => {
      const name = `agentpass_${randomBytes(8).toString('hex')}`
      const url = new URL(server)
      url.pathname = `/${name}`
      const create = async () => {
        made.push(name)
        await administer(`create database ${name} template template0`)
      }
      return { url: url.href, create }
    },
    dropAll: async (): Promise<void> => {
      for (const name of made.splice(0)) await administer(`drop database if exists ${name} with (force)`)
    },
  }
}
