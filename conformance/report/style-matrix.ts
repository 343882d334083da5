/** One cell for each case, and every case in words. */
export const MATRIX_STYLE = `
.choice { position: sticky; top: 0; z-index: 1; display: flex; flex-wrap: wrap; gap: 0.5rem; min-width: 0; margin: 1rem -0.5rem 0; padding: 0.6rem 0.5rem; border: 0; background: var(--ground); }
.choice legend { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
.choice label { position: relative; cursor: pointer; }
.choice input { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0; cursor: pointer; }
.choice label > span { display: block; padding: 0.3rem 0.85rem; border: 1px solid var(--line); border-radius: 2rem; background: var(--paper); font-size: 0.9375rem; font-variant-numeric: tabular-nums; }
.choice label > span > span { color: var(--tone); }
.choice input:checked + span { border-color: var(--accent); box-shadow: inset 0 0 0 1px var(--accent); color: var(--accent); font-weight: 600; }
.choice input:focus-visible + span { outline: 3px solid var(--accent); outline-offset: 2px; }
@supports not selector(:has(*)) { .choice { display: none; } }
.row { display: grid; grid-template-columns: 15rem minmax(0, 1fr); gap: 0.5rem 1.5rem; padding: 0.75rem 0; border-top: 1px solid var(--line); }
.row h4 { font-size: 0.9375rem; font-weight: 400; line-height: 1.4; }
.row h4 b { display: block; font-variant-numeric: tabular-nums; }
.groups { display: grid; gap: 0.5rem; min-width: 0; }
.group { display: grid; grid-template-columns: 7rem minmax(0, 1fr); gap: 0.25rem 0.75rem; }
.group p { padding-top: 0.2rem; color: var(--faint); font: 0.8125rem/1.5 var(--mono); }
.group ul { display: flex; flex-wrap: wrap; gap: 0.25rem; }
.cell a { display: block; padding: 0.1rem 0.45rem; border: 1px solid transparent; border-radius: 0.3rem; background: var(--tone-ground); color: var(--tone); font: 0.8125rem/1.55 var(--mono); text-decoration: none; }
.cell a:hover { border-color: currentColor; }
.cell.FAIL a { border-color: currentColor; font-weight: 700; }
.cell.WARN a, .cell.SKIP a { border-color: currentColor; border-style: dashed; }
.cell.N-A a { border-color: var(--line); }
.cases .row > div { min-width: 0; }
.requirement + .requirement { margin-top: 0.875rem; }
.requirement > p { max-width: 46rem; line-height: 1.45; text-wrap: pretty; }
.requirement small { color: var(--faint); font-size: 0.75rem; letter-spacing: 0.03em; }
.case { display: grid; grid-template-columns: 1rem 13rem minmax(0, 1fr) auto; gap: 0 0.6rem; padding: 0.1rem 0; font-size: 0.875rem; line-height: 1.5; }
.case:target { outline: 2px solid var(--accent); outline-offset: 0.2rem; border-radius: 0.25rem; }
.case .symbol { color: var(--tone); }
.case a { color: var(--ink); text-decoration: none; }
.case a:hover { text-decoration: underline; }
.case:is(.FAIL, .WARN) a { color: var(--accent); text-decoration: underline; }
.case .about, .case .time { color: var(--faint); }
.case em { display: block; font-style: normal; white-space: pre-line; }
.case em::before { content: "→ "; }
.case .time { font-variant-numeric: tabular-nums; text-align: right; }
@media (max-width: 60rem) {
  .row { grid-template-columns: minmax(0, 1fr); }
  .row h4 b { display: inline; }
}
@media (max-width: 40rem) {
  .choice { position: static; }
  .group { grid-template-columns: minmax(0, 1fr); }
  .case { grid-template-columns: 1rem minmax(0, 1fr) auto; padding: 0.25rem 0; }
  .case .about { grid-column: 2 / -1; grid-row: 2; }
}
`
