import type { Exchange } from './report.ts'

/** What was said, as lines: `>` is asked, `<` is answered. Of an exchange that is fit to be shown already. */
export function exchangeLines({ between, request, response, failure, ms }: Exchange): string[] {
  const asked = [request.line, ...message(request)].map((line) => `> ${line}`)
  const answered = response ? [String(response.status), ...message(response)] : [`no answer${failure === undefined ? '' : `: ${failure}`}`]
  return [`${between} (${Math.round(ms)} ms)`, ...asked, ...answered.flatMap((line) => line.split('\n')).map((line) => `< ${line}`)].map((line) =>
    line.trimEnd(),
  )
}

/** The same on one line. */
export const exchangeLine = ({ request, response, failure }: Exchange): string =>
  `${request.line} → ${response?.status ?? `no answer${failure === undefined ? '' : `: ${failure}`}`}`.replaceAll('\n', ' ')

const message = ({ headers, body }: { headers: Record<string, string>; body: string }): string[] => [
  ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ...(body === '' ? [] : ['', ...body.split('\n')]),
]
