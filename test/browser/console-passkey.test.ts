/** Approving with a passkey, with a browser's real WebAuthn and a device that Chromium plays. */
import { expect, test } from 'vitest'
import { ask, databaseOf, request, statusOf } from '../console-rig.ts'
import { addDevice, type Console, enrol, main, opened, post, signedIn, windowOf } from './console-people.ts'

const BOUND = { pages: { step_up: { rules: [{ scopes: ['tickets:write'], require: 'passkey' }] } } }
const WRITE = { 'scope:tickets:read': 'on', 'scope:tickets:write': 'on' }
const READ = { 'scope:tickets:read': 'on' }

/** Somebody with a passkey, at a request that needs it. */
async function withPasskey(at: Console) {
  const { page } = await signedIn(at, 'Ada')
  const device = await addDevice(page)
  await enrol(at, page, 'Laptop')
  const open = async (ref: string) => {
    await page.goto(`${at.home}/requests/${ref}`)
    return page.locator('#approve input[name=digest]').inputValue()
  }
  return { page, device, open }
}

/** Has the device sign what the server asks about, as a page's script may: `userVerification` as it likes. */
const assertionOf = (page: Parameters<typeof post>[0], path: string, fields: Record<string, string>, userVerification = 'required') =>
  page.evaluate(
    async ([path, fields, userVerification]) => {
      const token = document.querySelector<HTMLInputElement>('input[name=form_token]')!.value
      const headers = { accept: 'application/json' }
      const answer = await fetch(`${path}/challenge`, { method: 'POST', headers, body: new URLSearchParams({ form_token: token, ...fields }) })
      const options = { ...(await answer.json()), userVerification }
      const known = PublicKeyCredential.parseRequestOptionsFromJSON(options)
      const credential = (await navigator.credentials.get({ publicKey: known })) as PublicKeyCredential
      return JSON.stringify(credential.toJSON())
    },
    [path, fields, userVerification] as const,
  )

test('a passkey is made on the account page, a second one only with the first, and each can be removed', async () => {
  const at = await opened()
  const { page, device } = await withPasskey(at)
  expect(await page.getByRole('heading', { name: 'Laptop' }).count()).toBe(1)
  const { page: bare } = await signedIn(at, 'Ada') // a second window, whose device has no passkey of hers
  await addDevice(bare)
  await bare.goto(`${at.home}/account`)
  await bare.getByLabel('Name of the new passkey').fill('Thief')
  await bare.getByRole('button', { name: 'Add a passkey' }).click()
  await bare.getByRole('alert').filter({ hasText: 'Nothing was sent' }).waitFor()

  await page.exposeFunction('plugStickIn', async () => {
    await device.session.send('WebAuthn.removeVirtualAuthenticator', { authenticatorId: device.authenticatorId })
    await addDevice(page)
  })
  await page.addInitScript(() => {
    const create = navigator.credentials.create.bind(navigator.credentials)
    navigator.credentials.create = async (options) => {
      await Reflect.get(window, 'plugStickIn')() // once the laptop has confirmed
      return create(options)
    }
  })
  await enrol(at, page, 'Stick')
  expect(await page.locator('main h3').allTextContents()).toEqual(['Laptop', 'Stick'])
  await page.locator('.card', { hasText: 'Stick' }).getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('status').getByText('Removed').waitFor()
  expect(await page.locator('main h3').allTextContents()).toEqual(['Laptop'])
  expect(at.complaints).toEqual([])
})

test('a scope that needs a passkey is approved with it, and the agent has its token; without it only the others are', async () => {
  const at = await opened(BOUND)
  const { ref, got } = await ask(at.world)
  const other = await request(at.world)
  const { page, open } = await withPasskey(at)
  await open(ref)
  expect(await main(page).getByText('needs your passkey').count()).toBe(1)
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect((await got).scope).toContain('tickets:write')
  const digest = await open(other)
  expect((await post(page, `${at.home}/requests/${other}/approve`, { digest, ...WRITE })).status).toBe(403)
  expect((await post(page, `${at.home}/requests/${other}/approve`, { digest, ...READ })).status).toBe(200)
  expect(at.complaints).toEqual([])
})

test('an assertion is for one approval: of another request, or of another choice of scopes, it decides nothing', async () => {
  const at = await opened(BOUND)
  const [ref, other] = [await request(at.world), await request(at.world, { task: 'Another' })]
  const { page, open } = await withPasskey(at)
  const [digestOfOther, digest] = [await open(other), await open(ref)]
  const path = `${at.home}/requests/${ref}`
  const approve = (fields: Record<string, string>) => post(page, `${path}/approve`, fields)
  const ofOther = await assertionOf(page, `${at.home}/requests/${other}`, { digest: digestOfOther, ...WRITE })
  const stale = await approve({ digest, ...WRITE, assertion: ofOther })
  expect([stale.status, stale.text.includes('It has changed')]).toEqual([409, true])
  const assertion = await assertionOf(page, path, { digest, 'scope:tickets:write': 'on' })
  expect((await approve({ digest, ...WRITE, assertion })).status).toBe(409)
  expect((await approve({ digest: digestOfOther, 'scope:tickets:write': 'on', assertion })).status).toBe(409)
  const { id, response } = JSON.parse(assertion)
  const forged = { id, response: { ...response, signature: `${response.signature.slice(0, -6)}AAAAAA` } }
  expect((await approve({ digest, 'scope:tickets:write': 'on', assertion: JSON.stringify(forged) })).status).toBe(403)
  expect((await approve({ digest, 'scope:tickets:write': 'on', assertion: '{}' })).status).toBe(400)
  expect(await statusOf(at.world, ref)).toBe('pending')
  expect((await approve({ digest, 'scope:tickets:write': 'on', assertion })).status).toBe(200)
})

test('a request that is not what was shown is not approved, though a passkey signed what was', async () => {
  const at = await opened(BOUND)
  const ref = await request(at.world)
  const { page, open } = await withPasskey(at)
  const digest = await open(ref)
  const assertion = await assertionOf(page, `${at.home}/requests/${ref}`, { digest, ...WRITE })
  const changed = 'another digest, as of a request that was changed since'
  await databaseOf(at.world).write((tx) => tx.updateTable('request').set({ shown_digest: changed }).where('ref', '=', ref).execute())
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('alert').filter({ hasText: 'is not what you were shown' }).waitFor()
  const fields = { ...WRITE, assertion }
  expect((await post(page, `${at.home}/requests/${ref}/approve`, { ...fields, digest })).status).toBe(409)
  expect((await post(page, `${at.home}/requests/${ref}/approve`, { ...fields, digest: changed })).status).toBe(409)
  expect(await statusOf(at.world, ref)).toBe('pending')
})

test('a device that has not verified who is there approves nothing', async () => {
  const at = await opened(BOUND)
  const ref = await request(at.world)
  const { page, device, open } = await withPasskey(at)
  const digest = await open(ref)
  const { session, authenticatorId } = device
  await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false })
  const assertion = await assertionOf(page, `${at.home}/requests/${ref}`, { digest, ...WRITE }, 'discouraged')
  const refused = await post(page, `${at.home}/requests/${ref}/approve`, { digest, ...WRITE, assertion })
  expect([refused.status, refused.text.includes('does not verify')]).toEqual([403, true])
  await page.getByRole('button', { name: 'Approve' }).click() // the console's own page demands it
  await page.getByRole('alert').filter({ hasText: 'Nothing was sent' }).waitFor()
  expect(await statusOf(at.world, ref)).toBe('pending')
  await session.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true })
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByRole('status').waitFor()
  expect(await statusOf(at.world, ref)).toBe('approved')
})

test('who has a session’s cookie and no passkey neither approves at that level nor makes a passkey', async () => {
  const at = await opened(BOUND)
  const ref = await request(at.world)
  const { page } = await withPasskey(at)
  const { page: thief } = await windowOf(at)
  await thief.context().addCookies(await page.context().cookies(at.home))
  await addDevice(thief)
  await thief.goto(`${at.home}/requests/${ref}`)
  await thief.getByRole('button', { name: 'Approve' }).click()
  await thief.getByRole('alert').filter({ hasText: 'Nothing was sent' }).waitFor()
  const digest = await thief.locator('#approve input[name=digest]').inputValue()
  expect((await post(thief, `${at.home}/requests/${ref}/approve`, { digest, ...WRITE })).status).toBe(403)
  await thief.goto(`${at.home}/account`)
  const made = await thief.evaluate(async (account) => {
    const fields = { form_token: document.querySelector<HTMLInputElement>('input[name=form_token]')!.value, name: 'Thief' }
    const send = (path: string, more: object) =>
      fetch(path, { method: 'POST', headers: { accept: 'application/json' }, body: new URLSearchParams({ ...fields, ...more }) })
    const { challenge, create } = await (await send(`${account}/passkeys/challenge`, {})).json()
    const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON({ ...create, excludeCredentials: [] })
    const credential = (await navigator.credentials.create({ publicKey })) as PublicKeyCredential
    return (await send(`${account}/passkeys`, { challenge, credential: JSON.stringify(credential.toJSON()) })).status
  }, `${at.home}/account`)
  expect(made).toBe(403)
  expect(await statusOf(at.world, ref)).toBe('pending')
})

test('a first passkey is made only soon after a sign-in, by whoever has the session', async () => {
  const at = await opened()
  const { page } = await signedIn(at, 'Ada')
  await addDevice(page)
  await page.goto(`${at.home}/account`)
  const db = databaseOf(at.world)
  await db.write((tx) =>
    tx
      .updateTable('console_session')
      .set(({ eb }) => ({ authenticated_at: eb('authenticated_at', '-', 600) }))
      .execute(),
  )
  await page.getByLabel('Name of the new passkey').fill('Late')
  await page.getByRole('button', { name: 'Add a passkey' }).click()
  await page.getByRole('alert').filter({ hasText: 'sign in again' }).waitFor()
  await page.reload()
  expect(await page.getByRole('button', { name: 'Add a passkey' }).count()).toBe(0)
  expect(await db.read.selectFrom('passkey').selectAll().execute()).toEqual([])
})
