import { OptionsError, ProtocolError } from '../errors.js';

/** Bytes that a net/rpc broker's stream starts with, in each direction (go-plugin mux_broker.go). */
export const BROKER_ID_BYTES = 4;

const MAX_UINT32 = 0xffffffff;

/**
 * What the dialer of a net/rpc broker's stream writes first, and what the acceptor writes back: the id, little endian (go-plugin
 * mux_broker.go Dial, Accept). Throws OptionsError for what is not an unsigned 32 bit integer.
 */
export function encodeBrokerId(id: number): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id > MAX_UINT32)
    throw new OptionsError(
      `Expected a broker id to be an integer from 0 to ${MAX_UINT32}, got \`${String(id)}\` (${typeof id}).`,
    );
  return Uint8Array.of(id, id >>> 8, id >>> 16, id >>> 24);
}

/** The id in exactly four bytes. Throws ProtocolError ERR_BAD_FRAME for fewer or more. */
export function decodeBrokerId(bytes: Uint8Array): number {
  if (bytes.length !== BROKER_ID_BYTES)
    throw new ProtocolError(
      'ERR_BAD_FRAME',
      `The peer sent ${bytes.length} bytes as the id of a brokered stream, expected ${BROKER_ID_BYTES}: it may have closed the stream.`,
    );
  return (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
}
