import type { TaskDocument } from '../broker/task.ts'

/** What a model and a person are told of a task, in a few sentences that say what comes next. */
export function tellTask(task: TaskDocument): string {
  const { id, status, service, user, failure } = task
  const why = failure ? ` ${failure.message}. What to do: ${failure.hint}.` : ''
  switch (status) {
    case 'asking':
      return `${tellAsking(task)} Ask again with access_status, task ${id}; finish_task calls it off.`
    case 'redeeming':
      return `${task.authority ?? 'The authority'} approved; access at ${service} is being set up. Ask again with access_status, task ${id}.`
    case 'ready':
      return tellReady(task)
    case 'ending':
      return `The task ${id} is done, and its access at ${service} is still to be given back; that is tried again until it expires.${why}`
    case 'ended':
      return `The task ${id} is over: ${service} gives no more access for ${user}.${why}`
    case 'failed':
      return `There is no access. At step ${failure?.step ?? task.step}, with ${failure?.peer ?? task.peer}:${why}`
    case 'expired':
      return `The task ${id} is over: its access at ${service} has lived its time. Ask for it again with request_access if the task is not done.`
    case 'lost':
      return `The task ${id} was lost.${why}`
  }
}

function tellAsking({ waiting, service, user, step, peer }: TaskDocument): string {
  if (!waiting) return `Asking for access at ${service} for ${user}: at step ${step}, with ${peer}.`
  const where = waiting.approval_url === undefined ? '' : ` at ${waiting.approval_url}`
  const number = waiting.approval_number === undefined ? '' : `, who is asked there for the number ${waiting.approval_number}`
  return `Waiting for approval by ${user}, or whoever may approve for them at ${waiting.authority}${where}${number}, until ${clock(waiting.expires_at)}. Tell the person.`
}

function tellReady({ id, type, service, user, scope, expires_at: expiry }: TaskDocument): string {
  const until = expiry === undefined ? '' : ` until ${clock(expiry)}`
  if (type === 'browser_session') return `A browser session at ${service} for ${user} is ready, task ${id}. When the task is done: finish_task.`
  const granted = scope ? `the scopes ${scope.join(' ')}` : 'what was approved'
  return `Access at ${service} for ${user} is ready${until}, with ${granted}. Use it with call_service, task ${id}. When the task is done: finish_task.`
}

/** An instant as a person reads it. */
const clock = (instant: string): string => instant.replace('T', ' ').replace(/:\d\d(?:\.\d+)?Z$/, ' UTC')
