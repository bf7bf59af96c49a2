import { getHeapSpaceStatistics } from 'node:v8';

/** The young generation is looked at after so much memory of messages; before that nothing is done. */
const LOOK_EVERY_BYTES = 64 * 1024 * 1024;

/** How much V8's limit is above what the heap holds, at least; the capacity of the young generation comes on top of that. */
const LEAST_SLACK_BYTES = 8 * 1024 * 1024;

/** 16 KiB; copying it is the cheapest way to make so much. */
const LITTER: readonly number[] = Array.from({ length: 2048 }, () => 0);
const LITTER_BYTES = LITTER.length * 8;

/** Held here, or the engine could find out that nobody looks. */
const held: { litter: readonly unknown[] } = { litter: [] };

/** Bytes of objects that are made and dropped for each byte of a message. */
let share = 0;
let owedBytes = 0;
let unseenBytes = 0;

/**
 * Memory for messages, uninitialized, and some litter with it. V8 holds such memory against the limit of its heap until a
 * collection of the young generation has found that nobody has it any more. But large messages do not fill the young generation, so that
 * the limit is reached first, and with it the whole heap is marked, over and over: half of the CPU time of who receives them. Filled with
 * objects as well it is collected in time, for 0.3 ms instead of ten (docs/decisions/012, with figures).
 */
export function messageMemory(bytes: number): Buffer {
  unseenBytes += bytes;
  if (unseenBytes >= LOOK_EVERY_BYTES) look();
  owedBytes += bytes * share;
  for (; owedBytes >= LITTER_BYTES; owedBytes -= LITTER_BYTES) held.litter = LITTER.slice();
  return Buffer.allocUnsafe(bytes);
}

/**
 * The slack is to lie between two collections. With four times as many V8 marks less on two busy cores, but on four idle ones the
 * collections themselves cost more than that (32 KiB up: 64 k messages/s, 48 k with four times as many, 55 k with none).
 */
function look(): void {
  unseenBytes = 0;
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  const capacity = young === undefined ? 0 : young.space_used_size + young.space_available_size;
  share = capacity / (LEAST_SLACK_BYTES + capacity);
}
