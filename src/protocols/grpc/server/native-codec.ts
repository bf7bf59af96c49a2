import { errorMessage } from '../../../errors.js';
import { type AnyMessageType, encodeFramed } from '../message/encode.js';
import { PREFIX_BYTES } from '../message/framing.js';
import { type Codec, notSendable } from './service-codec.js';

/**
 * Encodes the responses of one method with their prefix. A message is encoded when it is judged; the bytes wait for the moment in which
 * it is sent, which mostly follows at once.
 */
export class FramedCodec implements Codec {
  readonly #type: AnyMessageType;
  readonly #path: string;
  readonly #reuse: boolean;
  /** The message judged last and its bytes, until it is sent. */
  #message: object | undefined;
  #bytes: Uint8Array | undefined;
  /** Those that others were judged after. */
  readonly #waiting = new WeakMap<object, Uint8Array>();

  /** `reuse`: nobody between here and the wire changes messages. */
  constructor(path: string, type: AnyMessageType, reuse: boolean) {
    this.#path = path;
    this.#type = type;
    this.#reuse = reuse;
  }

  measure(message: unknown): number {
    if (typeof message !== 'object' || message === null) {
      throw notSendable(this.#path, `it is ${message === null ? 'null' : typeof message}`);
    }
    try {
      const bytes = encodeFramed(this.#type, message);
      if (this.#reuse) {
        this.#keep(message, bytes);
        this.#type.release?.(message);
      }
      return bytes.length - PREFIX_BYTES;
    } catch (cause) {
      throw notSendable(this.#path, errorMessage(cause), cause);
    }
  }

  /** The bytes of a message with their prefix; they belong to the caller. */
  readonly serializeFramed = (message: unknown): Uint8Array => {
    if (message === this.#message && this.#bytes !== undefined) {
      const bytes = this.#bytes;
      this.#message = undefined;
      this.#bytes = undefined;
      return bytes;
    }
    const waiting = this.#waiting.get(message as object);
    if (waiting === undefined) return encodeFramed(this.#type, message);
    // Bytes are sent once: their memory is used again.
    this.#waiting.delete(message as object);
    return waiting;
  };

  #keep(message: object, bytes: Uint8Array): void {
    if (this.#message !== undefined && this.#bytes !== undefined) this.#waiting.set(this.#message, this.#bytes);
    this.#message = message;
    this.#bytes = bytes;
  }
}
