// Follows what the parties say. The page works without: then it is as it was when it was loaded.
const tasks = document.querySelector('#tasks')
const status = document.querySelector('#status')

const fragment = (html) => {
  const template = document.createElement('template')
  template.innerHTML = html
  return template.content.firstElementChild
}

/** Puts an element where it belongs. A message that somebody has opened stays open, and keeps the focus. */
const put = ({ id, html, task, lanes, heads }) => {
  const element = fragment(html)
  const before = document.getElementById(id)
  if (!task) {
    if (!before) tasks.append(element)
    return
  }
  const section = document.getElementById(task)
  if (!section) return
  if (!section.classList.contains(lanes)) {
    section.className = `task ${lanes}`
    section.querySelector('.heads').replaceWith(fragment(heads))
  }
  if (!before) {
    element.classList.add('new')
    section.querySelector('.rows').append(element)
    return
  }
  const details = before.querySelector('details')
  const hadFocus = before.contains(document.activeElement)
  before.replaceWith(element)
  if (details?.open) element.querySelector('details').open = true
  if (hadFocus) element.querySelector('summary')?.focus()
}

const show = ({ isPlaying, isRevocable, says }) => {
  if (status.textContent !== says) status.textContent = says
  document.querySelector('[data-needs=rest]').setAttribute('aria-disabled', String(isPlaying))
  document.querySelector('[data-needs=token]').setAttribute('aria-disabled', String(!isRevocable))
}

const isAtEnd = () => window.innerHeight + window.scrollY >= document.documentElement.scrollHeight - 80

const source = new EventSource(`/events?after=${tasks.dataset.seq}`)
source.addEventListener('message', ({ data }) => {
  const change = JSON.parse(data)
  if (change.state) return show(change.state)
  const follows = isAtEnd()
  put(change)
  if (follows) window.scrollTo(0, document.documentElement.scrollHeight)
})
source.addEventListener('error', () => {
  status.textContent = 'The world does not answer: it may have ended.'
})

for (const form of document.querySelectorAll('form')) {
  form.addEventListener('submit', async (submission) => {
    submission.preventDefault()
    if (form.querySelector('button').getAttribute('aria-disabled') === 'true') return
    const response = await fetch(form.action, { method: 'POST', body: new URLSearchParams(new FormData(form)), redirect: 'manual' })
    if (response.status >= 400) status.textContent = await response.text()
    else if (form.action.endsWith('/play')) window.scrollTo(0, document.documentElement.scrollHeight)
  })
}
