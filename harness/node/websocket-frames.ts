/** What a frame is (RFC 6455 §5.2). */
export const OPCODE = { continuation: 0x0, text: 0x1, binary: 0x2, close: 0x8, ping: 0x9, pong: 0xa } as const
type Frame = { isFinal: boolean; opcode: number; payload: Buffer }
/** A whole text, or a control frame. */
export type Message = { opcode: number; payload: Buffer }

const MAX_MESSAGE_BYTES = 64 * 1024 ** 2
const MAX_CONTROL_BYTES = 125

/** A server's frame: whole, and not masked. */
export function frame(opcode: number, payload: Buffer = Buffer.alloc(0)): Buffer {
  const { length } = payload
  const head = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10)
  head[0] = 0x80 | opcode
  head[1] = length < 126 ? length : length < 65_536 ? 126 : 127
  if (head.length === 4) head.writeUInt16BE(length, 2)
  if (head.length === 10) head.writeBigUInt64BE(BigInt(length), 2)
  return Buffer.concat([head, payload])
}

/** Reads what a client sends, piece by piece, and gives each message when it is whole. Throws Error where it is against the protocol, no text, or too long. */
export function createMessageReader(): (chunk: Buffer) => Message[] {
  const frames = createFrameReader()
  let parts: Buffer[] | undefined
  return (chunk) =>
    frames(chunk).flatMap(({ isFinal, opcode, payload }) => {
      if (opcode >= OPCODE.close) return [{ opcode, payload }]
      if (opcode === OPCODE.binary || (opcode === OPCODE.text) !== (parts === undefined)) throw new Error('no text, or out of turn')
      parts = [...(parts ?? []), payload]
      if (parts.reduce((bytes, part) => bytes + part.length, 0) > MAX_MESSAGE_BYTES) throw new Error('a message that is too long')
      if (!isFinal) return []
      const whole = Buffer.concat(parts)
      parts = undefined
      return [{ opcode: OPCODE.text, payload: whole }]
    })
}

function createFrameReader(): (chunk: Buffer) => Frame[] {
  let chunks: Buffer[] = []
  let held = 0
  let needed = 2 // bytes before which there is nothing to read
  return (chunk) => {
    const frames: Frame[] = []
    chunks.push(chunk)
    held += chunk.length
    while (held >= needed) {
      const bytes = Buffer.concat(chunks)
      const { head, length } = readHead(bytes)
      needed = head + length
      chunks = [bytes]
      if (held < needed) break
      frames.push(readFrame(bytes, head, length))
      chunks = [bytes.subarray(needed)]
      held -= needed
      needed = 2
    }
    return frames
  }
}

/** How long a frame's head and payload are, as far as it is there: a head that is cut asks for itself first. */
function readHead(bytes: Buffer): { head: number; length: number } {
  const [first = 0, second = 0] = bytes
  const short = second & 0x7f
  const head = (short === 127 ? 10 : short === 126 ? 4 : 2) + 4
  if ((first & 0x70) !== 0 || (second & 0x80) === 0) throw new Error('a frame with an extension, or without a mask')
  if ((first & 0x0f) >= OPCODE.close && (short > MAX_CONTROL_BYTES || (first & 0x80) === 0)) throw new Error('a control frame that is none')
  if (bytes.length < head) return { head, length: 0 }
  const length = short === 127 ? Number(bytes.readBigUInt64BE(2)) : short === 126 ? bytes.readUInt16BE(2) : short
  if (length > MAX_MESSAGE_BYTES) throw new Error('a frame that is too long')
  return { head, length }
}

function readFrame(bytes: Buffer, head: number, length: number): Frame {
  const mask = bytes.subarray(head - 4, head)
  const payload = Buffer.from(bytes.subarray(head, head + length))
  for (let i = 0; i < length; i++) payload[i] = (payload[i] ?? 0) ^ (mask[i & 3] ?? 0)
  return { isFinal: ((bytes[0] ?? 0) & 0x80) !== 0, opcode: (bytes[0] ?? 0) & 0x0f, payload }
}
