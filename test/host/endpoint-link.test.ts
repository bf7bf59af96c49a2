import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { within } from '../support/defer.js';

const id = process.pid % 250;
const namespace = `rxplug-${process.pid}`;
const ends = [`rxa${process.pid}`, `rxb${process.pid}`] as const;
const address = `10.213.${id}.2`;
const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: 'pipe' });

/**
 * A network namespace and a link into it, or why there can be none: that takes root and iproute2. With RXPLUG_LINK=required, which CI sets
 * after installing it, that is an error.
 */
function makeLink(): string | false {
  try {
    ip('netns', 'add', namespace);
    ip('link', 'add', ends[0], 'type', 'veth', 'peer', 'name', ends[1], 'netns', namespace);
    ip('addr', 'add', `10.213.${id}.1/24`, 'dev', ends[0]);
    ip('link', 'set', ends[0], 'up');
    ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', ends[1]);
    ip('-n', namespace, 'link', 'set', ends[1], 'up');
    return false;
  } catch (error) {
    removeLink();
    if (process.env['RXPLUG_LINK'] === 'required') throw error;
    return `no network namespace can be made: ${(error as Error).message}`;
  }
}

function removeLink(): void {
  for (const args of [
    ['link', 'del', ends[0]],
    ['netns', 'del', namespace],
  ])
    try {
      ip(...args);
    } catch {}
}

test('a link that goes down and comes back costs no call more than its deadline', async (t) => {
  const missing = makeLink();
  if (missing !== false) return t.skip(missing);
  const program = fileURLToPath(new URL('../fixtures/plugins/serves-endpoint.js', import.meta.url));
  const args = ['netns', 'exec', namespace, process.execPath, program, `${address}:0`];
  const service = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(service.stdout, 'data')) as [Buffer];
    const endpoint = { address: line.toString().trim(), allowInsecure: true };
    await using client = createClient({ endpoint, plugins: { kv: plugins.kv } });
    await client.start();
    const kv = await client.dispense('kv');
    const get = (options: object) => firstValueFrom(kv.get({ key: 'k' }, options));
    await get({});
    const lost$ = client.state$.pipe(filter((state) => state.status === 'running' && state.reconnecting === true));
    const lost = firstValueFrom(lost$);
    ip('-n', namespace, 'link', 'set', ends[1], 'down');
    await assert.rejects(get({ timeoutMs: 500 }), /took longer than 500 ms/);
    await within(20_000, 'the loss', lost);
    await assert.rejects(get({ timeoutMs: 500, waitForReady: true }), /DEADLINE_EXCEEDED/);
    ip('-n', namespace, 'link', 'set', ends[1], 'up');
    const { value } = await within(20_000, 'a call', get({ waitForReady: true }));
    assert.equal(Buffer.from(value).toString(), 'v');
  } finally {
    service.kill('SIGTERM');
    await once(service, 'exit');
    removeLink();
  }
});
