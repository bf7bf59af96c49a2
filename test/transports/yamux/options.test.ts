import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OptionsError } from '../../../src/errors.js';
import {
  DEFAULT_YAMUX_OPTIONS,
  resolveYamuxOptions,
  type YamuxOptions,
} from '../../../src/transports/yamux/options.js';

test("has hashicorp/yamux's defaults, frozen", () => {
  assert.ok(Object.isFrozen(DEFAULT_YAMUX_OPTIONS));
  assert.deepEqual(DEFAULT_YAMUX_OPTIONS, {
    acceptBacklog: 256,
    keepAlive: true,
    keepAliveIntervalMs: 30_000,
    writeTimeoutMs: 10_000,
    windowBytes: 262_144,
    openTimeoutMs: 75_000,
    closeTimeoutMs: 300_000,
    maxIncomingStreams: 4096,
    sendQueueBytes: 262_144,
  });
  assert.deepEqual(resolveYamuxOptions({}), DEFAULT_YAMUX_OPTIONS);
});

test('given options replace the defaults, and the given object is not changed', () => {
  const given: YamuxOptions = Object.freeze({ acceptBacklog: 1, keepAlive: false, windowBytes: 1 << 20 });
  assert.deepEqual(resolveYamuxOptions(given), {
    ...DEFAULT_YAMUX_OPTIONS,
    acceptBacklog: 1,
    keepAlive: false,
    windowBytes: 1 << 20,
  });
});

for (const [options, message] of [
  [
    { acceptBacklog: 0 },
    'Expected the yamux `acceptBacklog` option to be an integer from 1 to 65536, got `0` (number).',
  ],
  [{ windowBytes: 262_143 }, /`windowBytes` option to be an integer from 262144 to 4294967295, got `262143`/],
  [{ windowBytes: 2 ** 32 }, /`windowBytes`/],
  [{ keepAliveIntervalMs: 2 ** 31 }, /`keepAliveIntervalMs` option to be an integer from 1 to 2147483647/],
  [{ writeTimeoutMs: 0.5 }, /`writeTimeoutMs`/],
  [{ openTimeoutMs: Number.NaN }, /`openTimeoutMs`.*got `NaN`/],
  [{ closeTimeoutMs: -1 }, /`closeTimeoutMs`/],
  [{ maxIncomingStreams: Number.POSITIVE_INFINITY }, /`maxIncomingStreams`/],
  [{ sendQueueBytes: 0 }, /`sendQueueBytes`/],
] as const) {
  test(`refuses ${JSON.stringify(options)}`, () => {
    assert.throws(
      () => resolveYamuxOptions(options),
      (error) =>
        error instanceof OptionsError &&
        (typeof message === 'string' ? error.message === message : message.test(error.message)),
    );
  });
}

test('refuses what has the wrong type', () => {
  assert.throws(
    () => resolveYamuxOptions(JSON.parse('{"keepAlive":1}')),
    /`keepAlive` option to be a boolean, got `1`/,
  );
  assert.throws(() => resolveYamuxOptions(JSON.parse('{"acceptBacklog":"9"}')), /got `9` \(string\)/);
});
