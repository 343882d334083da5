// What a page does better with a script than without: it shows times as the reader's clock has them, renews itself, and asks for passkeys.

const bytesOf = (text) => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (char) => char.charCodeAt(0))
const textOf = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')

const NEAR = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' })

function showTimes(within) {
  for (const time of within.querySelectorAll('time[datetime]')) {
    time.title ||= time.textContent
    time.textContent = NEAR.format(new Date(time.dateTime))
  }
}

/** Says how long what is shown still waits; a list that has renewed itself too. */
function countDown() {
  for (const place of document.querySelectorAll('[data-countdown]')) {
    const left = Math.floor(Number(place.dataset.countdown) - Date.now() / 1000)
    const text = left <= 0 ? 'expired' : left > 90 ? `${Math.ceil(left / 60)} min left` : `${left} s left`
    if (place.textContent !== text) place.textContent = text
  }
}

/** A page that renews itself takes what has changed, tells of it, and leaves its readers where they are: at the same link, with the same folds open. */
function follow(main) {
  const news = document.querySelector('#news')
  let shown = main.innerHTML // as the server gave it
  let due
  const renew = async () => {
    const answer = await fetch(location.href, { headers: { accept: 'text/html' }, redirect: 'manual' }).catch(() => undefined)
    if (answer?.type === 'opaqueredirect') return stop() // to where people sign in
    if (!answer?.ok) return
    const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html')
    const next = fresh.querySelector('main')
    if (!next || next.innerHTML === shown) return
    shown = next.innerHTML
    const focused = main.contains(document.activeElement) ? placeOf(document.activeElement) : undefined
    const open = [...main.querySelectorAll('details[open][id]')].map(({ id }) => `#${CSS.escape(id)}`)
    showTimes(next)
    main.replaceChildren(...next.childNodes)
    for (const fold of open) main.querySelector(fold)?.setAttribute('open', '')
    if (focused) main.querySelector(focused)?.focus({ preventScroll: true })
    countDown()
    document.title = fresh.title
    news.textContent = main.querySelector('h1').textContent
  }
  const stop = () => {
    events.close()
    news.className = 'failure'
    news.textContent = 'You are no longer signed in. This page shows how it was before.'
    main.prepend(news)
  }
  const soon = () => {
    clearTimeout(due)
    due = setTimeout(renew, 150)
  }
  const events = new EventSource(main.dataset.live)
  events.addEventListener('open', soon) // what happened before it was open, or while it was lost, is told by nobody
  events.addEventListener('message', soon)
  addEventListener('pagehide', () => events.close())
  addEventListener('pageshow', ({ persisted }) => persisted && location.reload())
}

/** How an element is found again in a newer page; undefined where it cannot be. */
function placeOf(element) {
  if (element.id) return `#${CSS.escape(element.id)}`
  const href = element.getAttribute('href')
  return href ? `a[href="${CSS.escape(href)}"]` : undefined
}

/** Asks the server something on behalf of a form, with all that the form has. */
async function ask(address, form) {
  const answer = await fetch(address, { method: 'POST', headers: { accept: 'application/json' }, body: new URLSearchParams(new FormData(form)) })
  const body = await answer.json()
  if (!answer.ok) throw new Error(body.error?.message ?? 'it did not work')
  return body
}

const known = (options) => ({
  ...options,
  challenge: bytesOf(options.challenge),
  allowCredentials: options.allowCredentials?.map((one) => ({ ...one, id: bytesOf(one.id) })),
})

async function sign(options) {
  const { id, response } = await navigator.credentials.get({ publicKey: known(options) })
  const { clientDataJSON, authenticatorData, signature } = response
  return JSON.stringify({
    id,
    response: { clientDataJSON: textOf(clientDataJSON), authenticatorData: textOf(authenticatorData), signature: textOf(signature) },
  })
}

async function make(options) {
  const publicKey = {
    ...options,
    challenge: bytesOf(options.challenge),
    user: { ...options.user, id: bytesOf(options.user.id) },
    excludeCredentials: options.excludeCredentials?.map((one) => ({ ...one, id: bytesOf(one.id) })),
  }
  const { id, response } = await navigator.credentials.create({ publicKey })
  return JSON.stringify({
    id,
    response: { clientDataJSON: textOf(response.clientDataJSON), attestationObject: textOf(response.attestationObject) },
  })
}

function put(form, name, value) {
  let field = form.elements.namedItem(name)
  if (!field) {
    field = Object.assign(document.createElement('input'), { type: 'hidden', name })
    form.append(field)
  }
  field.value = value
}

const FAILURES = {
  NotAllowedError: 'No passkey was used',
  InvalidStateError: 'This device has a passkey for this account already',
}
const sentence = (text) => `${text.charAt(0).toUpperCase()}${text.slice(1)}`

/** Sends a form once what `prepare` does has succeeded; what fails is told in the form, and nothing is sent. */
function guard(form, prepare) {
  const button = form.querySelector('button[type="submit"]')
  const failure = form.querySelector('.failure')
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    if (button.getAttribute('aria-busy')) return
    button.setAttribute('aria-busy', 'true')
    failure.hidden = true
    try {
      await prepare()
      form.submit()
    } catch (cause) {
      failure.textContent = `${FAILURES[cause.name] ?? sentence(cause.message)}. Nothing was sent.`
      failure.hidden = false
    } finally {
      button.removeAttribute('aria-busy')
    }
  })
}

const main = document.querySelector('main[data-live]')
if (main) follow(main)
showTimes(document)
countDown()
setInterval(countDown, 1000)

for (const form of document.querySelectorAll('form[data-passkey]'))
  guard(form, async () => {
    const isNeeded = [...form.querySelectorAll('input[data-demand="passkey"]')].some(({ checked }) => checked)
    if (isNeeded) put(form, 'assertion', await sign(await ask(form.dataset.passkey, form)))
  })

for (const form of document.querySelectorAll('form[data-new-passkey]'))
  guard(form, async () => {
    const { challenge, create, confirm } = await ask(form.dataset.newPasskey, form)
    if (confirm) put(form, 'assertion', await sign(confirm))
    put(form, 'credential', await make(create))
    put(form, 'challenge', challenge)
  })
