import { emailDomain } from '../../spec/email.ts'
import { TripFailure } from '../failure.ts'
import type { ChooseAuthority } from '../resolve.ts'

/** Picks one of several Authorities without a person: the one that the settings name for the user's e-mail domain. Throws TripFailure that lists the offer. */
export function createAuthorityChooser(authorities: Record<string, string>, asked: { service: string; user_email: string }): ChooseAuthority {
  return async (offered) => {
    const domain = emailDomain(asked.user_email) ?? ''
    const chosen = offered.find(({ authority }) => authority === authorities[domain])
    if (chosen) return chosen
    const ids = offered.map(({ authority }) => authority).join(' or ')
    throw new TripFailure(
      { step: 'resolve', peer: asked.service },
      'the service offers several authorities, and none is chosen',
      `start again and name one as authority: ${ids}`,
    )
  }
}
