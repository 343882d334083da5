/** The provider's stylesheet: one card, for a phone as for a desk, light or dark as the reader's system is. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f3f1f7; --paper: #ffffff; --ink: #211c2b; --faint: #5f586c; --line: #dad5e3;
  --accent: #5b3a9e; --on-accent: #ffffff; --tint: #ede7f8; --notice: #fff3cf; --on-notice: #5a4200; --bad: #a3271d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #151219; --paper: #1f1b26; --ink: #ece8f2; --faint: #aea6bb; --line: #3b3547;
    --accent: #c7adfb; --on-accent: #26134c; --tint: #302646; --notice: #3b3010; --on-notice: #ffe08a; --bad: #ff9c94;
  }
}
* { box-sizing: border-box; }
body { margin: 0; padding: 1rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; overflow-wrap: anywhere; }
header, main { max-width: 30rem; margin: 0 auto; }
header { padding: 1rem .25rem; color: var(--accent); font-weight: 700; }
main { padding: 1.75rem; border: 1px solid var(--line); border-radius: 1rem; background: var(--paper); }
h1 { margin: 0; font-size: 1.6rem; line-height: 1.25; letter-spacing: -.01em; }
.lead { margin: .25rem 0 1.25rem; color: var(--faint); }
.notice { margin: 0 0 1.25rem; padding: .6rem .9rem; border-radius: .5rem; background: var(--notice); color: var(--on-notice); font-size: .9375rem; }
.people { display: grid; gap: .5rem; margin: 0 0 .75rem; padding: 0; list-style: none; }
button { min-height: 2.75rem; padding: .5rem 1.25rem; border: 1px solid var(--accent); border-radius: .5rem; font: inherit; font-weight: 600; cursor: pointer; }
button { background: var(--accent); color: var(--on-accent); }
button.quiet { border-color: var(--line); background: none; color: var(--accent); }
button.person { display: flex; gap: .85rem; align-items: center; width: 100%; padding: .6rem .85rem; text-align: left; font-weight: 400; }
button.person { border-color: var(--line); background: none; color: inherit; }
button:hover { border-color: var(--accent); }
button.person:hover { background: var(--tint); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.initial { flex: none; width: 2.25rem; border-radius: 99px; background: var(--tint); color: var(--accent); text-align: center; font-weight: 700; line-height: 2.25rem; }
.person strong { display: block; font-weight: 600; line-height: 1.35; }
.email { display: block; color: var(--faint); font-size: .875rem; }
.email em { color: var(--bad); font-style: normal; }
.choices { display: flex; flex-wrap: wrap; gap: .75rem; }
.note { margin: 1.25rem 0 0; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--faint); font-size: .875rem; }
@media (max-width: 30rem) {
  body { padding: .5rem; }
  main { padding: 1.25rem 1rem; }
}
@media (forced-colors: active) {
  .initial { border: 1px solid; }
}
`

/** The provider's icon. */
export const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#7a5cc0" d="M8 1a4 4 0 0 1 2 7.46V15H6.5v-2H8v-1.5H6.5v-2H6V8.46A4 4 0 0 1 8 1zm0 2.2a1.4 1.4 0 1 0 0 2.8 1.4 1.4 0 0 0 0-2.8z"/></svg>'
