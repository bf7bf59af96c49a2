/** The environment variable that turns `strictMessages` on for hosts and plugins. */
const STRICT_VARIABLE = 'RXPLUG_STRICT_MESSAGES';

/** The option `strictMessages` of a host or a plugin, with its default. */
export function resolveStrictMessages(given: boolean | undefined): boolean {
  return given ?? (process.env[STRICT_VARIABLE] ?? '') !== '';
}
