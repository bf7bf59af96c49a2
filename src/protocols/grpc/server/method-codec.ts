import type { DecodeMessage } from '../message/decode.js';

/** The two directions of a method as our server handles them: bytes of a request, and of a response. */
export interface MethodCodec {
  readonly deserialize: DecodeMessage;
  /** A response with its prefix of five bytes. */
  readonly serializeFramed: (message: unknown) => Uint8Array;
}
