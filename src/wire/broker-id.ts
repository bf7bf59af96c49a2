import { OptionsError, ProtocolError } from '../errors.js';

/** Length of the id at the beginning of a net/rpc broker's stream, in each direction (go-plugin mux_broker.go). */
export const BROKER_ID_BYTES = 4;

const MAX_UINT32 = 0xffffffff;

/**
 * The id that the dialer of a net/rpc broker's stream writes first and the acceptor writes back, little endian (go-plugin mux_broker.go
 * Dial, Accept). Throws OptionsError unless it is an unsigned 32-bit integer.
 */
export function encodeBrokerId(id: number): Uint8Array {
  if (!Number.isInteger(id) || id < 0 || id > MAX_UINT32)
    throw new OptionsError(
      `Expected a broker id to be an integer from 0 to ${MAX_UINT32}, got \`${String(id)}\` (${typeof id}).`,
    );
  return Uint8Array.of(id, id >>> 8, id >>> 16, id >>> 24);
}

/** The id in four bytes. Throws ProtocolError ERR_BAD_FRAME for another length. */
export function decodeBrokerId(bytes: Uint8Array): number {
  if (bytes.length !== BROKER_ID_BYTES)
    throw new ProtocolError(
      'ERR_BAD_FRAME',
      `The peer sent ${bytes.length} bytes as the id of a brokered stream, expected ${BROKER_ID_BYTES}: it may have closed the stream.`,
    );
  return (bytes[0]! | (bytes[1]! << 8) | (bytes[2]! << 16) | (bytes[3]! << 24)) >>> 0;
}
