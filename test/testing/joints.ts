import type { PairOptions } from '../../src/testing/index.js';

/** Every way to join the ends of a pair, by a name for the titles of tests. */
export const JOINTS: readonly (readonly [title: string, joint: PairOptions])[] = (
  ['memory', 'unix', 'tcp'] as const
).flatMap((transport) => [
  [transport, { transport }] as const,
  [`${transport} with TLS`, { transport, tls: true }] as const,
]);
