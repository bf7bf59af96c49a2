import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const LOAD = fileURLToPath(new URL('grpc-load.js', import.meta.url));
const TIMEOUT_MS = 240_000;

/** Further versions of Node to try: paths of their executables, separated by colons. */
const nodes = (process.env['RXPLUG_NODES'] ?? '').split(':').filter((path) => path !== '');

const run = promisify(execFile);

for (const [client, server, connection, calls] of [
  ['native', 'native', 'plain', 400],
  ['native', 'native', 'tls', 400],
  ['native', 'native', 'synchronous', 400],
  ['native', 'grpc-js', 'plain', 200],
  ['grpc-js', 'native', 'plain', 200],
  ['grpc-js', 'native', 'tls', 200],
  ['grpc-js', 'grpc-js', 'plain', 200],
  ['grpc-js', 'grpc-js', 'tls', 200],
  ['grpc-js', 'grpc-js', 'synchronous', 200],
  ['grpc-js', 'grpc-js', 'socket', 200],
] as const) {
  for (const node of [process.execPath, ...nodes]) {
    const name = node === process.execPath ? process.version : node;
    test(`carries gRPC, client ${client}, server ${server}, ${connection}: ${2 * calls} mixed calls, both directions at once, on ${name}`, async () => {
      const { stdout } = await run(node, [LOAD, client, server, connection, String(calls)], {
        timeout: TIMEOUT_MS,
      });
      assert.equal(Number(stdout), 2 * calls);
    });
  }
}
