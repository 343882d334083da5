/** What failed, what was warned of, what could not be judged. */
export const FAULT_STYLE = `
.index { margin-top: 1.25rem; padding: 0.75rem 1.25rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--paper); }
.index a { display: grid; grid-template-columns: minmax(11rem, max-content) 1fr; gap: 0 1rem; align-items: baseline; padding: 0.3rem 0; color: var(--ink); text-decoration: none; }
.index code { color: var(--accent); }
.index a:hover code { text-decoration: underline; }
.fault { margin-top: 1rem; padding: 1.25rem 1.5rem 1.375rem; border: 1px solid var(--line); border-left: 0.375rem solid var(--tone); border-radius: 0.75rem; background: var(--paper); }
.fault:target { outline: 3px solid var(--accent); outline-offset: 2px; }
.fault h4 { position: relative; padding-left: 1.75rem; font-size: 1.1875rem; font-weight: 650; line-height: 1.35; letter-spacing: -0.01em; text-wrap: pretty; }
.fault h4 .symbol { position: absolute; left: 0; color: var(--tone); }
.fault .which { display: flex; flex-wrap: wrap; gap: 0.15rem 0.75rem; align-items: baseline; margin-top: 0.35rem; padding-left: 1.75rem; color: var(--faint); font-size: 0.875rem; }
.fault .which a { text-decoration: none; }
.fault .which a:hover { text-decoration: underline; }
.fault .which b { padding: 0 0.45rem; border-radius: 0.25rem; background: var(--tone-ground); color: var(--tone); font-size: 0.75rem; letter-spacing: 0.03em; }
.fault .about { margin-top: 0.75rem; padding-left: 1.75rem; max-width: 50rem; }
.compare { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(22rem, 100%), 1fr)); gap: 0.75rem; margin-top: 1rem; }
.compare div { padding: 0.6rem 0.9rem 0.75rem; border-radius: 0.5rem; background: var(--grey-ground); }
.compare .actual { background: var(--tone-ground); }
.compare dt { color: var(--faint); font-size: 0.8125rem; font-weight: 600; }
.compare .actual dt { color: var(--tone); }
.compare dd { white-space: pre-wrap; }
.remark { margin-top: 0.75rem; color: var(--faint); font-size: 0.9375rem; white-space: pre-line; }
details { margin-top: 0.75rem; }
summary { padding: 0.3rem 0; border-radius: 0.25rem; cursor: pointer; }
.fault summary { color: var(--faint); font-size: 0.9375rem; }
.fault summary code { color: var(--ink); }
.said { margin-top: 0.5rem; }
.said > p { color: var(--faint); font-size: 0.8125rem; }
.messages { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(26rem, 100%), 1fr)); gap: 0.75rem; margin-top: 0.35rem; }
.messages pre { min-width: 0; margin: 0; padding: 0.75rem 0.9rem; border: 1px solid var(--line); border-radius: 0.5rem; background: var(--code); font-size: 0.8125rem; line-height: 1.5; white-space: pre-wrap; overflow-wrap: anywhere; }
.messages i { color: var(--faint); font-style: normal; }
.skipped details { padding: 0.5rem 1.25rem; border: 1px solid var(--line); border-radius: 0.75rem; background: var(--paper); }
.skipped .says + details { margin-top: 1.25rem; }
.skipped ul { padding: 0.25rem 0 0.5rem; font-size: 0.9375rem; }
.skipped li { padding: 0.15rem 0; color: var(--faint); }
@media (max-width: 40rem) {
  .fault { padding: 1rem 1rem 1.125rem; }
  .fault .about, .fault .which { padding-left: 0; }
  .index a { grid-template-columns: 1fr; padding: 0.45rem 0; }
  .index { padding-inline: 1rem; }
}
`
