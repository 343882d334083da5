import { VERDICTS } from './report.ts'
import { FAULT_STYLE } from './style-faults.ts'
import { MATRIX_STYLE } from './style-matrix.ts'

const TONES = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --paper: #fff; --ink: #1a1f26; --faint: #58626e; --line: #d8dde3; --accent: #1f56c3; --code: #eef1f5;
  --red: #b3261e; --red-ground: #fdeceb; --amber: #7a5200; --amber-ground: #fdf3dc; --green: #0b6b50; --green-ground: #e4f5ee;
  --grey: #58626e; --grey-ground: #eceff3;
  --mono: ui-monospace, "SF Mono", "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #12151a; --paper: #1a1f26; --ink: #e8ecf1; --faint: #a5afbb; --line: #333b45; --accent: #8ab4ff; --code: #12161c;
    --red: #ff9c94; --red-ground: #3a1c1a; --amber: #f0c169; --amber-ground: #352a14; --green: #63d3ac; --green-ground: #12302a;
    --grey: #a5afbb; --grey-ground: #262d36;
  }
}
.PASS, .conforming { --tone: var(--green); --tone-ground: var(--green-ground); }
.FAIL, .failed { --tone: var(--red); --tone-ground: var(--red-ground); }
.WARN, .open { --tone: var(--amber); --tone-ground: var(--amber-ground); }
.SKIP { --tone: var(--grey); --tone-ground: var(--grey-ground); }
.N-A { --tone: var(--faint); --tone-ground: transparent; }
`

const TEXT = `
* { box-sizing: border-box; }
html { scrollbar-gutter: stable; scroll-padding-top: 4.5rem; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
.top, main, footer { max-width: 70rem; margin: 0 auto; padding: 0 1.5rem; }
h1, h2, h3, h4, p, ul, ol, dl, dd { margin: 0; padding: 0; }
ul, ol { list-style: none; }
code, pre { font-family: var(--mono); font-size: 0.875em; }
a { color: var(--accent); text-underline-offset: 0.15em; text-decoration-thickness: 1px; }
small { font-size: inherit; font-weight: 400; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 0.25rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
h2 { font-size: 1.5rem; line-height: 1.25; letter-spacing: -0.015em; }
h3 { margin: 2rem 0 0.75rem; font-size: 1rem; line-height: 1.4; }
h3 small, .says { color: var(--faint); }
main > section { padding-top: 3.5rem; }
.says { max-width: 44rem; margin-top: 0.25rem; }
.title { display: flex; flex-wrap: wrap; gap: 0.5rem 1rem; align-items: baseline; justify-content: space-between; }
button.quiet { min-height: 2.25rem; padding: 0.25rem 0.9rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--paper); color: var(--accent); font: inherit; font-size: 0.875rem; cursor: pointer; }
button[hidden] { display: none; }
footer { padding-block: 3rem 4rem; color: var(--faint); font-size: 0.875rem; }
footer p { max-width: 46rem; }
`

const TOP = `
.top { padding-top: 3rem; }
.eyebrow { color: var(--faint); font-size: 0.875rem; font-weight: 600; letter-spacing: 0.02em; }
h1 { margin: 0.25rem 0 1.5rem; font-size: clamp(1.6rem, 1.1rem + 2.2vw, 2.25rem); line-height: 1.2; letter-spacing: -0.02em; }
.subject { display: block; }
.subject + .subject { margin-top: 0.75rem; }
.subject small { display: block; margin-top: 0.25rem; color: var(--faint); font: 0.875rem/1.5 var(--mono); letter-spacing: 0; }
.outcome { display: flex; gap: 0.75rem; padding: 1rem 1.25rem; border-left: 0.375rem solid var(--tone); border-radius: 0.5rem; background: var(--tone-ground); color: var(--tone); font-size: 1.3125rem; font-weight: 650; line-height: 1.35; }
.aborted, .notices { margin-top: 1rem; padding: 0.75rem 1.25rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--paper); white-space: pre-line; }
.notices li + li { margin-top: 0.5rem; }
.notices li::before { content: "Note: "; font-weight: 600; }
.aborted strong { color: var(--amber); }
.counts { margin-top: 1.5rem; }
.counts svg { display: block; width: 100%; height: 0.625rem; border-radius: 0.3125rem; background: var(--line); }
.counts rect { fill: var(--tone); }
.counts rect.SKIP { opacity: 0.55; }
.counts rect.N-A { fill: var(--line); }
.counts ul { display: flex; flex-wrap: wrap; gap: 0.25rem 1.75rem; margin-top: 0.75rem; }
.counts a { display: inline-block; padding: 0.2rem 0; color: var(--ink); text-decoration: none; }
.counts a:hover { text-decoration: underline; }
.counts span, .counts b { color: var(--tone); }
.counts b { font-size: 1.125rem; font-variant-numeric: tabular-nums; }
.run { margin-top: 1rem; color: var(--faint); font-size: 0.875rem; }
time, .run code { white-space: nowrap; }
.run b { color: var(--ink); }
`

/** One verdict alone: its cells and cases, and the sections that have one. */
const only = (verdict: string): string => `
main:has(#show-${verdict}:checked) :is(.cell, .case):not(.${verdict}),
main:has(#show-${verdict}:checked) :is(.row, .group, .requirement, .matrix .origin, .cases .origin):not(:has(:is(.cell, .case).${verdict})) { display: none; }`

const PAPER = `
@media (max-width: 40rem) {
  .top, main, footer { padding-inline: 1rem; }
  .top { padding-top: 1.5rem; }
  .outcome { padding: 0.875rem 1rem; font-size: 1.125rem; }
  main > section { padding-top: 2.5rem; }
}
@media print {
  :root { color-scheme: light; }
  body { background: none; font-size: 10pt; }
  .top, main, footer { max-width: none; padding: 0; }
  .choice, button.quiet { display: none !important; }
  .fault, .case, .cell, .said { break-inside: avoid; }
  h2, h3, h4 { break-after: avoid; }
  .outcome, .cell a, pre, .counts svg { print-color-adjust: exact; }
  details:not([open])::details-content { content-visibility: visible; block-size: auto; }
}
`

/** All the looks of a report's page: light and dark as the reader's system is, for a phone as for a desk and for paper. */
export const STYLE: string = [TONES, TEXT, TOP, FAULT_STYLE, MATRIX_STYLE, ...VERDICTS.map(only), PAPER].join('')
