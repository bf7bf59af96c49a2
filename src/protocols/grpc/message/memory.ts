import { getHeapSpaceStatistics } from 'node:v8';

/** The size of the young generation is read each time messages have taken this much memory; before the first time no garbage is made. */
const SAMPLE_EVERY_BYTES = 64 * 1024 * 1024;

/** V8's heap limit is at least this far above what the heap holds, plus the capacity of the young generation. */
const LEAST_SLACK_BYTES = 8 * 1024 * 1024;

/** 16 KiB. Copying an array is the cheapest way to allocate memory in the young generation. */
const GARBAGE: readonly number[] = Array.from({ length: 2048 }, () => 0);
const GARBAGE_BYTES = GARBAGE.length * 8;

/** Referenced from here, so that the compiler cannot remove the copies. */
const gcPressure: { garbage: readonly unknown[] } = { garbage: [] };

/** Bytes of garbage for each byte of a message. */
let garbageRatio = 0;
let owedGarbageBytes = 0;
let bytesSinceSample = 0;

/**
 * Memory for messages, uninitialized. Also makes some garbage in V8's young generation: V8 counts the memory of Buffers against its
 * heap limit until a collection of the young generation finds them unreachable, and large messages alone do not fill the young
 * generation. Without garbage the limit is reached first, and V8 marks the whole heap over and over: half of the CPU time of a receiver
 * (docs/decisions/012, with figures for Node 20 and 24).
 */
export function allocateMessage(bytes: number): Buffer {
  bytesSinceSample += bytes;
  if (bytesSinceSample >= SAMPLE_EVERY_BYTES) sampleYoungGeneration();
  owedGarbageBytes += bytes * garbageRatio;
  for (; owedGarbageBytes >= GARBAGE_BYTES; owedGarbageBytes -= GARBAGE_BYTES) gcPressure.garbage = GARBAGE.slice();
  return Buffer.allocUnsafe(bytes);
}

/**
 * Sets the ratio so that the young generation fills up while messages use up the slack. With four times as much garbage V8 marks less on
 * two busy cores, but on four idle ones the collections cost more than that (32 KiB up: 64 k messages/s, 48 k with four times as much,
 * 55 k with none).
 */
function sampleYoungGeneration(): void {
  bytesSinceSample = 0;
  const young = getHeapSpaceStatistics().find(({ space_name: name }) => name === 'new_space');
  const capacity = young === undefined ? 0 : young.space_used_size + young.space_available_size;
  garbageRatio = capacity / (LEAST_SLACK_BYTES + capacity);
}
