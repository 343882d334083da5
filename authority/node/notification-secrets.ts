import { X509Certificate } from 'node:crypto'
import type { SecretPlace } from '../../spec/node/settings.ts'
import { isWebhookSecret, WEBHOOK_SECRET } from '../../spec/node/webhook.ts'
import { httpsUrl } from '../../spec/origin.ts'
import type { NotificationSettings, WebhookSettings } from '../notify/settings.ts'

/** By these names the secrets of the notifications are read. */
export const SMTP_PASSWORD = 'smtp_password'
export const SMTP_CA = 'smtp_ca'
export const urlName = ({ name }: Pick<WebhookSettings, 'name'>): string => `webhook_url ${name}`
export const secretName = ({ name }: Pick<WebhookSettings, 'name'>): string => `webhook_secret ${name}`

/** Where the secrets of the notifications are, and the certificate that their mail server is trusted by. */
export function notificationPlaces({ email, webhooks }: NotificationSettings): Record<string, SecretPlace> {
  const { password, ca_file: file } = email?.smtp ?? {}
  return {
    ...(password && { [SMTP_PASSWORD]: password }),
    ...(file !== undefined && { [SMTP_CA]: { file } }),
    ...Object.fromEntries(
      webhooks.flatMap((one) => [
        ...(typeof one.url === 'string' ? [] : [[urlName(one), one.url] as const]),
        ...(one.secret ? [[secretName(one), one.secret] as const] : []),
      ]),
    ),
  }
}

/** What is wrong with what was read there, in words that name none of it. */
export function problemsOfNotificationSecrets({ webhooks }: NotificationSettings, secrets: Record<string, string>): string[] {
  const ca = secrets[SMTP_CA]
  return [
    ...(ca === undefined || isCertificate(ca) ? [] : ['notifications.email.smtp.ca_file is no certificate in PEM']),
    ...webhooks.flatMap((one, i) => {
      const at = `notifications.webhooks.${i}`
      const url = secrets[urlName(one)]
      const secret = secrets[secretName(one)]
      return [
        ...(url === undefined || httpsUrl.safeParse(url).success ? [] : [`${at}.url: what is there is no https URL`]),
        ...(secret === undefined || isWebhookSecret(secret) ? [] : [`${at}.secret: what is there is not ${WEBHOOK_SECRET}`]),
      ]
    }),
  ]
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined
  } catch {
    return false // it throws for nothing else
  }
}
