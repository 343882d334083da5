import { raw } from 'hono/html'
import type { Child } from 'hono/jsx'
import { EMPLOYEES, type Employee } from './people.ts'

type Asked = {
  /** What they sign in to. */
  client: string
  /** Where the answer goes. */
  action: string
  /** Who is signed in, but has to sign in again. */
  current: Employee | undefined
}

const SignIn = ({ client, action, current }: Asked) => (
  <Page title="Sign in">
    <h1>Sign in</h1>
    <p class="lead">
      to continue to <bdi>{client}</bdi>
    </p>
    {current && (
      <p class="notice">
        You are signed in as <bdi>{current.name}</bdi>, but <bdi>{client}</bdi> asks you to sign in again.
      </p>
    )}
    <form method="post" action={action} aria-label="Who you are">
      <ul class="people">
        {Object.values(EMPLOYEES).map((employee) => (
          <li>
            <Choice employee={employee} />
          </li>
        ))}
      </ul>
      <button type="submit" name="cancel" value="yes" class="quiet">
        Cancel
      </button>
    </form>
    <p class="note">
      This is the local world’s stand-in for an enterprise identity provider. It asks for no password: be whoever you need to be. Everything behind it
      is real OpenID Connect.
    </p>
  </Page>
)

const Choice = ({ employee: { sub, email, email_verified, name, groups } }: { employee: Employee }) => (
  <button type="submit" name="sub" value={sub} class="person">
    <span class="initial" aria-hidden="true">
      {name.slice(0, 1)}
    </span>
    <span>
      <strong>
        Sign in as {name} · {groups.join(', ')}
      </strong>
      <span class="email">
        {email}
        {!email_verified && <em>, not verified</em>}
      </span>
    </span>
  </button>
)

/** `form` is the library's own, with what it must be sent. */
const SignOut = ({ form, current }: { form: string; current: Employee | undefined }) => (
  <Page title="Sign out">
    <h1>Sign out of Acme?</h1>
    <p class="lead">
      {current && (
        <>
          You are signed in as <bdi>{current.name}</bdi>.{' '}
        </>
      )}
      Stay signed in to get back without being asked who you are.
    </p>
    {raw(form)}
    <div class="choices">
      <button type="submit" form="op.logoutForm" name="logout" value="yes">
        Sign out
      </button>
      <button type="submit" form="op.logoutForm" class="quiet">
        Stay signed in
      </button>
    </div>
  </Page>
)

const Message = ({ title, children }: { title: string; children?: Child }) => (
  <Page title={title}>
    <h1>{title}</h1>
    <p class="lead">{children}</p>
  </Page>
)

const Page = ({ title, children }: { title: string; children?: Child }) => (
  <>
    {raw('<!doctype html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>{title} · Acme</title>
        <link rel="stylesheet" href="/style.css" />
        <link rel="icon" href="/icon.svg" type="image/svg+xml" />
      </head>
      <body>
        <header>Acme identity</header>
        <main>{children}</main>
      </body>
    </html>
  </>
)

/** The provider's pages, as HTML. */
export const pages = {
  signIn: (asked: Asked) => String(<SignIn {...asked} />),
  signOut: (form: string, current: Employee | undefined) => String(<SignOut form={form} current={current} />),
  signedOut: () => String(<Message title="You are signed out">You can close this page.</Message>),
  refused: (why: string) => String(<Message title="That did not work">The identity provider says: {why}.</Message>),
  expired: () => String(<Message title="This page has expired">Go back to where you came from, and sign in from there.</Message>),
}
