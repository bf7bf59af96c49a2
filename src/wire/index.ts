export type { Address } from './address.js';
export { decodeBase64, encodeBase64 } from './base64.js';
export { ChunkQueue } from './chunk-queue.js';
