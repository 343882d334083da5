/** Tells on stderr what is being done: on a terminal always on one line, which the next thing said overwrites. */
export function tellProgress(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\x1b[K${text && `bench: ${text}`}\r` : text && `bench: ${text}\n`)
}
