/** The desk's stylesheet: one column, for a phone as for a desk, light or dark as the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f4f5f3; --paper: #ffffff; --ink: #1b2024; --faint: #57606a; --line: #d5d9dd;
  --accent: #1f56c3; --on-accent: #ffffff; --banner: #fff3cf; --on-banner: #5a4200; --open: #116329; --closed: #6639ba;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #14171a; --paper: #1d2226; --ink: #e7eaed; --faint: #a2abb4; --line: #363d44;
    --accent: #8ab4ff; --on-accent: #10203d; --banner: #3b3010; --on-banner: #ffe08a; --open: #6fdd8b; --closed: #d2a8ff;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.55 system-ui, sans-serif; overflow-wrap: anywhere; }
header { background: var(--paper); border-bottom: 1px solid var(--line); }
.brand { display: block; padding: .9rem max(1rem, calc(50% - 23rem)); font-weight: 700; color: var(--ink); text-decoration: none; }
.banner { margin: 0; padding: .5rem max(1rem, calc(50% - 23rem)); background: var(--banner); color: var(--on-banner); font-size: .9rem; }
main { max-width: 48rem; margin: 0 auto; padding: 1rem; }
h1 { margin: .5rem 0 1rem; font-size: 1.6rem; line-height: 1.25; }
h2 { margin: 1.5rem 0 .75rem; font-size: 1.1rem; line-height: 1.35; }
a { color: var(--accent); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.filters { display: flex; gap: .5rem; margin-bottom: 1rem; }
.filters a { padding: .4rem 1rem; border: 1px solid var(--line); border-radius: 99px; background: var(--paper); text-decoration: none; }
.filters a[aria-current] { background: var(--accent); border-color: var(--accent); color: var(--on-accent); }
.tickets { margin: 0; padding: 0; list-style: none; }
.card { margin: 0 0 .75rem; padding: 1rem 1.25rem; background: var(--paper); border: 1px solid var(--line); border-radius: .75rem; }
.card h1, .card h2 { margin: 0 0 .35rem; }
.card p { margin: .35rem 0 0; }
.meta { color: var(--faint); font-size: .9rem; }
.text { white-space: pre-wrap; }
.status { padding: .1rem .6rem; border: 1px solid; border-radius: 99px; font-weight: 600; }
.status.open { color: var(--open); }
.status.closed { color: var(--closed); }
.forms { display: grid; gap: .75rem; margin-top: 1.5rem; }
label { display: block; margin-bottom: .35rem; font-weight: 600; }
textarea { width: 100%; padding: .7rem; border: 1px solid var(--faint); border-radius: .5rem; background: var(--paper); color: inherit; font: inherit; }
button { min-height: 2.75rem; padding: .5rem 1.25rem; border: 1px solid var(--accent); border-radius: .5rem; font: inherit; font-weight: 600; }
button { background: var(--accent); color: var(--on-accent); cursor: pointer; }
button.quiet { background: none; color: var(--accent); }
`

/** The desk's icon. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#1f56c3" d="M1 3h14v3.5a1.5 1.5 0 0 0 0 3V13H1V9.5a1.5 1.5 0 0 0 0-3z"/></svg>'
