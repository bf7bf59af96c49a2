export { type BackoffOptions, backoff } from './backoff.js';
export { type Decoder, decode } from './decode.js';
export { type FromReadableOptions, fromReadable } from './from-readable.js';
export { type HandshakeWaitOptions, handshake } from './handshake.js';
export { lines } from './lines.js';
export { type LogOptions, logs } from './logs.js';
export { shareEvents, shareLatest } from './share.js';
export { type Gate, type WriteToOptions, writeTo } from './write-to.js';
