/** An application that signs people in here. It may send its secret in the header or in the form. */
export type Client = {
  client_id: string
  client_secret: string
  /** What people are told they sign in to. */
  client_name?: string
  redirect_uris: string[]
  post_logout_redirect_uris?: string[]
}

/** Where answers lead, and so what a form here may lead to. */
export function originsOf(clients: Client[]): string[] {
  const uris = clients.flatMap(({ redirect_uris, post_logout_redirect_uris = [] }) => [...redirect_uris, ...post_logout_redirect_uris])
  return [...new Set(uris.map((uri) => new URL(uri).origin))]
}
