/** A program that drives a browser, as far as it talks: what it is told, in turn. */
import { WebSocket } from 'undici'

/** Connects, or rejects where it is refused. `headers` are sent along. */
export async function converse(endpoint: string, headers: Record<string, string> = {}) {
  const socket = new WebSocket(endpoint, { headers })
  const heard: any[] = []
  let wake = () => {}
  socket.addEventListener('message', ({ data }) => {
    heard.push(JSON.parse(String(data)))
    wake()
  })
  const closed = new Promise<void>((resolve) => socket.addEventListener('close', () => resolve()))
  await Promise.race([new Promise((resolve) => socket.addEventListener('open', resolve)), closed.then(() => Promise.reject(new Error('refused')))])
  return {
    socket,
    closed,
    send: (message: object) => socket.send(JSON.stringify(message)),
    /** The next message. */
    next: async () => {
      while (heard.length === 0) await new Promise<void>((resolve) => (wake = resolve))
      return heard.shift()
    },
  }
}
