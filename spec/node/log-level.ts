/** How much is logged, in the words of the settings. Apart from the logger, which a command that writes no log need not load. */
export const LOG_LEVELS = ['debug', 'info', 'warn', 'error', 'silent'] as const
export type LogLevel = (typeof LOG_LEVELS)[number]
