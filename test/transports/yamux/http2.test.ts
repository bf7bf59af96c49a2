import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LOAD = fileURLToPath(new URL('http2-load.js', import.meta.url));
const TIMEOUT_MS = 240_000;
const CALLS = 1500;

/** Further versions of Node to try: paths of their executables, separated by colons. */
const nodes = (process.env['RXPLUG_NODES'] ?? '').split(':').filter((path) => path !== '');

const run = promisify(execFile);

for (const [kind, expected, what] of [
  ['plain', 2 * (CALLS + 1000), 'plain HTTP/2'],
  ['tls', 2 * (CALLS + 1000), 'HTTP/2 over mutual TLS inside each stream'],
  ['grpc', 2 * CALLS, "grpc-js's server behind a connection injector"],
  ['synchronous', 2 * (CALLS + 1000), 'plain HTTP/2 over a connection that delivers from inside write'],
] as const) {
  for (const node of [process.execPath, ...nodes]) {
    const name = node === process.execPath ? process.version : node;
    test(`carries ${what}: ${expected} mixed calls, both directions at once, on ${name}`, async () => {
      const { stdout } = await run(node, [LOAD, kind, String(CALLS)], { timeout: TIMEOUT_MS });
      assert.equal(Number(stdout), expected);
    });
  }
}

test('carries HTTP/2 on other versions of Node', {
  skip: nodes.length === 0 && 'set RXPLUG_NODES to the paths of their executables, separated by colons',
}, () => {
  // Done above, once per version.
  assert.ok(nodes.length > 0);
});
