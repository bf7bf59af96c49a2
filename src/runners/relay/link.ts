/**
 * How soon a link that is down is noticed by both ends, in milliseconds: at most the sum. The far end then ends the plugin. Both ends have
 * the same, so that neither waits for the other.
 */
export const LINK_TIMES = Object.freeze({ keepAliveIntervalMs: 5_000, writeTimeoutMs: 10_000 });
