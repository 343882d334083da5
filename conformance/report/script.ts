/** What is more comfortable with script; nothing needs it. A link to what is not shown shows it, paper shows all, and one button opens every exchange. */
export const SCRIPT = `
const all = document.getElementById('show-all')
function reveal() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!target) return
  if (all && !target.checkVisibility?.()) all.checked = true
  for (let around = target.closest('details'); around; around = around.parentElement.closest('details')) around.open = true
  target.scrollIntoView()
}
addEventListener('hashchange', reveal)
if (location.hash) reveal()
for (const button of document.querySelectorAll('[data-opens]')) {
  const details = [...document.querySelectorAll(button.dataset.opens)]
  button.hidden = details.length < 2
  button.addEventListener('click', () => {
    const open = details.some((one) => !one.open)
    for (const one of details) one.open = open
    button.textContent = open ? 'Close every exchange' : 'Open every exchange'
  })
}
let closed = []
addEventListener('beforeprint', () => {
  closed = [...document.querySelectorAll('details:not([open])')]
  for (const one of closed) one.open = true
})
addEventListener('afterprint', () => {
  for (const one of closed) one.open = false
})
`
