import { openDoor } from '../../../spec/node/serve.ts'
import type { World } from '../world.ts'
import type { Choice } from './page.tsx'
import { createPlayer, type Player } from './player.ts'
import type { Recording } from './record.ts'
import { createPage } from './route.tsx'

/** The page's door, which answers 503 until there is something to show. */
export type OpenPage = { url: string; show: (world: World, recording: Recording) => void; stop: () => Promise<void> }

/** Opens the door of the world's page on loopback, in plain HTTP. Rejects with OperatorError when the port is taken. */
export async function openPage(port = 0): Promise<OpenPage> {
  const door = await openDoor({ host: '127.0.0.1', port })
  const ending = new AbortController()
  let player: Player | undefined
  return {
    url: `http://127.0.0.1:${door.port}/`,
    show: (world, recording) => {
      player = createPlayer(world, recording)
      const shown = { recording, player, choices: choicesOf(world), service: world.service.origin }
      door.mount(createPage({ ...shown, port: door.port, ended: ending.signal }))
    },
    stop: async () => {
      ending.abort() // a reader that follows would keep the door open
      await player?.settled()
      await door.close()
    },
  }
}

/** The domains that show another way each. */
function choicesOf({ user, neighbours }: World): Choice[] {
  const first = { email: user, says: 'names its Authority' }
  if (!neighbours) return [first]
  const { strict, home, none, outage, copied } = neighbours.people
  return [first, home, strict, none, outage, copied]
}
