import assert from 'node:assert/strict';
import { test } from 'node:test';
import { handshake } from '../../examples/grpc-kv/contract.js';
import { OptionsError } from '../../src/errors.js';
import { resolveServeOptions, type ServeOptions } from '../../src/plugin/options.js';

/** As from JavaScript: without a compiler that would have refused them. */
const refused: readonly (readonly [options: object, says: RegExp])[] = [
  [{ plugins: undefined }, /`plugins` or `versionedPlugins`/],
  [{ network: 'udp' }, /`network`.*'unix' or 'tcp'.*"udp"/],
  [{ protocol: 'netRpc' }, /`protocol`.*'grpc' or 'netrpc'.*"netRpc"/],
  [{ callGraceMs: -1 }, /`callGraceMs`.*-1/],
  [{ shutdownDeadlineMs: '1500' }, /`shutdownDeadlineMs`.*1500 \(string\)/],
  [{ exitGraceMs: Number.POSITIVE_INFINITY }, /`exitGraceMs`.*Infinity/],
];

for (const [options, says] of refused) {
  test(`a plugin's ${Object.keys(options).join()} of ${String(Object.values(options))} is refused by name`, () => {
    assert.throws(
      () => resolveServeOptions({ handshake, plugins: {}, ...options } as ServeOptions),
      (error) => error instanceof OptionsError && says.test(error.message),
    );
  });
}

test('options of a plugin get their defaults, and the object of the caller is not changed', () => {
  const options = Object.freeze({ handshake, plugins: {}, callGraceMs: 0, network: 'tcp' as const });
  assert.deepEqual(resolveServeOptions(options), { ...options, shutdownDeadlineMs: 1500, exitGraceMs: 1000 });
});
