import type { LogLevel } from 'rxplug';

/** From the lowest on. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const satisfies readonly LogLevel[];
