import { writeFileSync } from 'node:fs'
import { Misuse } from './misuse.ts'
import { reportHtml } from './report/html.tsx'
import { reportJson } from './report/json.ts'
import { reportJunit } from './report/junit.ts'
import type { Report } from './report/report.ts'

/** Where a report is written, beside the terminal. `json` without a file is standard output. */
export type Outputs = { json?: string | true; junit?: string; html?: string }

/** Writes a report to the files that were asked for. Throws Misuse when one cannot be written. */
export function writeOutputs(report: Report, { json, junit, html }: Outputs): void {
  if (json === true) process.stdout.write(reportJson(report))
  else if (json !== undefined) write(json, reportJson(report))
  if (junit !== undefined) write(junit, reportJunit(report))
  if (html !== undefined) write(html, reportHtml(report))
}

function write(file: string, text: string): void {
  try {
    writeFileSync(file, text)
  } catch (cause) {
    throw new Misuse([`${file} cannot be written: ${cause instanceof Error ? cause.message : cause}`], 'does its folder exist?')
  }
}
