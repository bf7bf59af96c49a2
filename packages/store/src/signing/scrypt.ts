import { scrypt } from 'node:crypto';
import { badKey } from './fail.js';

/** The cost of deriving a key from a password, as files of minisign name it. */
export interface KdfLimits {
  /** Steps, by libsodium's count. @default 33554432 */
  readonly operations?: number;
  /** Bytes of memory. @default 1073741824 */
  readonly memoryBytes?: number;
}

/** libsodium's SENSITIVE, which minisign takes. */
export const SENSITIVE = { operations: 33_554_432, memoryBytes: 1_073_741_824 } as const;

/** As much as minisign takes for a new key. A file that asks for more is refused. */
const MAX_MEMORY_BYTES = SENSITIVE.memoryBytes;
const MAX_OPERATIONS = SENSITIVE.operations;

/** What scrypt takes. */
interface ScryptParameters {
  readonly N: number;
  readonly r: number;
  readonly p: number;
}

/**
 * The parameters that libsodium's crypto_pwhash_scryptsalsa208sha256 picks for these limits. Throws StoreError ERR_KEY for limits above
 * those of minisign.
 */
export function scryptParameters({ operations, memoryBytes }: Required<KdfLimits>): ScryptParameters {
  if (memoryBytes > MAX_MEMORY_BYTES || operations > MAX_OPERATIONS)
    throw badKey(
      `The secret key asks for ${memoryBytes} bytes of memory and ${operations} steps: more than minisign takes, and refused.`,
    );
  const steps = Math.max(operations, 32_768);
  const r = 8;
  if (steps < Math.floor(memoryBytes / 32)) return { N: costBelow(steps / (r * 4)), r, p: 1 };
  const N = costBelow(memoryBytes / (r * 128));
  return { N, r, p: Math.max(1, Math.floor(Math.floor(steps / 4 / N) / r)) };
}

/** The first power of two above half of a bound. */
function costBelow(bound: number): number {
  let cost = 2;
  while (cost <= Math.floor(bound) / 2) cost *= 2;
  return cost;
}

/** Derives bytes from a password, in node's thread pool. */
export function deriveStream(
  password: string,
  salt: Uint8Array,
  length: number,
  limits: Required<KdfLimits>,
): Promise<Buffer> {
  const { N, r, p } = scryptParameters(limits);
  return new Promise((resolve, reject) => {
    // What scrypt itself needs, and a little for its own account of it.
    const maxmem = 128 * r * (N + p + 2) + 65_536;
    scrypt(password, salt, length, { N, r, p, maxmem }, (error, stream) => {
      if (error === null) resolve(stream);
      else reject(badKey(`The key of the password could not be derived: ${error.message}.`, error));
    });
  });
}
