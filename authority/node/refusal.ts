import { OperatorError } from '../../spec/node/operator-error.ts'
import { visible } from '../approve/visible.ts'

type Refused = { code: string; message: string }

/** What a refusal of the management door means to the person at the command line. */
export function refusalOf({ code, message }: Refused): OperatorError {
  switch (code) {
    case 'unauthenticated':
      return new OperatorError('the authority does not take this admin token', {
        hint: 'is it the one in the settings of the server that is running? a new one counts from its next start',
      })
    case 'unknown_request':
      return new OperatorError('there is no such request', { hint: 'agentpass-authority requests lists them' })
    case 'already_decided':
      return new OperatorError(visible(message), { hint: 'a decision stands; agentpass-authority revoke takes back what was approved' })
    case 'stale_decision':
      return new OperatorError('the request is not what was shown', { hint: 'look at it again with agentpass-authority requests show, then decide' })
    case 'unprocessable':
      return new OperatorError(visible(message), {
        hint: 'agentpass-authority requests show tells what is offered, and what is alive; harness list, which keys are registered',
      })
    case 'not_found':
      return new OperatorError(visible(message), { hint: 'agentpass-authority harness list shows the keys that are registered' })
    case 'rate_limited':
    case 'overloaded':
      return new OperatorError(`the authority cannot do it now: ${visible(message)}`, { hint: 'try again in a moment; its log says more' })
    case 'internal':
      return new OperatorError('the authority failed', { hint: 'its log says why' })
    default:
      return new OperatorError(`the authority refuses: ${visible(message)} (${visible(code)})`)
  }
}
