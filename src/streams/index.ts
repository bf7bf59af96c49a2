export { type BackoffOptions, backoff } from './backoff.js';
export { type FromReadableOptions, fromReadable } from './from-readable.js';
export { shareEvents, shareLatest } from './share.js';
export { type Gate, type WriteToOptions, writeTo } from './write-to.js';
