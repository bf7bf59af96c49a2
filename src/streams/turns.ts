/**
 * Node's own functions for "later, in another turn", as they are when this module is loaded. Bytes and messages move by turns, so that a
 * test whose fake timers replace the globals would stop every connection. Timeouts, deadlines, keep-alive and backoff are the globals
 * of the moment: a test can advance them.
 */
export const { setImmediate, clearImmediate, queueMicrotask } = globalThis;
