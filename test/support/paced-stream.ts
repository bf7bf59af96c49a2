import assert from 'node:assert/strict';
import type { Payload } from '../conformance/gen/probe.js';

export const MESSAGE_BYTES = 64 * 1024;
/** The number of messages: 1 GiB in total. */
export const MESSAGES = (1 << 30) / MESSAGE_BYTES;
/** The reader stops this many times: at the beginning of each quarter. */
export const STALLS = 4;
const SAMPLE_EVERY = 64;

/** Counts what one end of a stream sent or received, and how much the memory of its process grew. */
export class Tally {
  sent = 0;
  received = 0;
  /** Whether the reader waits to be resumed. */
  stalled = false;
  grownBytes = 0;
  readonly #before = heldBytes();

  sample(): void {
    this.grownBytes = Math.max(this.grownBytes, heldBytes() - this.#before);
  }
}

function heldBytes(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** All messages, created one by one when the writer pulls them. */
export function* messages(tally: Tally): Generator<Pick<Payload, 'data' | 'number'>> {
  for (let number = 0; number < MESSAGES; number += 1) {
    tally.sent = number + 1;
    if (number % SAMPLE_EVERY === 0) tally.sample();
    yield { data: Buffer.alloc(MESSAGE_BYTES, number & 0xff), number };
  }
}

/** Reads the whole stream, checks every message, and calls `stall` at the beginning of each quarter. */
export async function readSlowly(
  source: AsyncIterable<Payload>,
  tally: Tally,
  stall: () => Promise<unknown>,
): Promise<void> {
  for await (const { data, number } of source) {
    assert.equal(number, tally.received);
    assert.equal(data.length, MESSAGE_BYTES);
    assert.equal(data[MESSAGE_BYTES - 1], number & 0xff);
    tally.received += 1;
    if (number % SAMPLE_EVERY === 0) tally.sample();
    if (number % (MESSAGES / STALLS) !== 0) continue;
    tally.stalled = true;
    await stall();
    tally.stalled = false;
  }
}
