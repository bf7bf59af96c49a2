import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { KVDefinition } from '../../../examples/gen/kv.js';
import type { DrivenLog } from '../../conformance/driver.js';
import { needsGo, startGoHost } from '../../conformance/peers.js';
import { fixture } from '../../fixtures/fixture.js';

/** The log that a Go host has of a plugin that dies in a call. */
async function logsOf(how: string): Promise<readonly DrivenLog[]> {
  const directory = mkdtempSync(join(tmpdir(), 'rxplug-crash-'));
  try {
    await using host = await startGoHost(directory);
    const client = await host.create({ command: fixture('dies-in-a-call', 'grpc', how) });
    await client.start();
    const kv = await client.dispense('kv');
    await assert.rejects(kv.invoke(KVDefinition, 'put', { key: 'a', value: Buffer.from('1') }));
    await client.gone();
    if (how !== 'recovers') await client.logs.find(({ message }) => message.startsWith('Node.js v'), "Node's report");
    return client.logs.items;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

test('a Go host logs the stack of a plugin that dies of an exception as a panic, at error', needsGo(), async () => {
  for (const how of ['throws', 'rejects']) {
    const logs = await logsOf(how);
    const begin = logs.findIndex(({ message }) => message.startsWith('panic: '));
    assert.equal(logs[begin]?.message, 'panic: RangeError: the store is full');
    const end = logs.findIndex(({ message }) => message.startsWith('Node.js v'));
    const report = logs.slice(begin, end).map(({ level, message }) => `${level} ${message}`);
    assert.ok(
      report.some((line) => /^error +at .*dies-in-a-call/.test(line)),
      report.join('\n'),
    );
    assert.deepEqual(
      report.filter((line) => !line.startsWith('error ')),
      [],
    );
  }
});

test('a plugin that handles its exceptions is no crash for a Go host', needsGo(), async () => {
  const logs = await logsOf('recovers');
  assert.deepEqual(
    logs.filter(({ message }) => message.startsWith('panic: ')),
    [],
  );
});
