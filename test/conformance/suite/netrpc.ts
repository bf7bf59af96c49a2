import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import type { DrivenObject } from '../driver.js';
import { RpcFailure } from '../driver.js';
import { configOf, hosted, type Pairing, scenario } from './pairing.js';
import { isRunning } from './processes.js';

/** The same pairing over net/rpc. */
export function overNetRpc(pairing: Pairing): Pairing {
  return {
    ...pairing,
    name: `${pairing.name}, net/rpc`,
    config: { ...pairing.config, protocol: 'netrpc' },
    flags: { ...pairing.flags, protocol: 'netrpc' },
  };
}

/** Calls, errors and dispensing over net/rpc. */
export function netRpcSuite(pairing: Pairing): void {
  dispensing(pairing);
  values(pairing);
  failures(pairing);
  ends(pairing);
}

function dispensing(pairing: Pairing): void {
  const tls = pairing.config?.autoMtls === true ? ' R-20 T-06' : '';
  scenario(pairing, `R-01 R-02 R-03${tls} a plugin over net/rpc is pinged, dispensed and called`, async (scene) => {
    assert.equal(scene.started.protocol, 'netrpc');
    await scene.client.ping();
    const kv = await scene.dispense('kv');
    assert.equal(await kv.call('Put', { Key: 'a', Value: base64('one') }), 1);
    assert.deepEqual(await kv.call('Get', 'a'), { Value: base64('one'), Revision: 1 });
    assert.equal(await kv.call('Delete', 'a'), true);
    assert.equal(await kv.call('Delete', 'a'), false);
  });

  if (pairing.plugin === 'go' && pairing.config?.autoMtls !== true) {
    scenario(pairing, 'H-12 H-18 a handshake of four fields means net/rpc', async ({ client }) => client.ping(), {
      flags: { handshake: '1|{app}|{network}|{address}' },
    });
  }

  scenario(pairing, 'R-04 an unknown plugin is an error reply, and harms nothing', async (scene) => {
    await assert.rejects(scene.dispense('absent'), /unknown plugin type: absent/);
    await scene.client.ping();
    assert.equal(await (await scene.dispense('greeter')).call('Greet', null), 'Hello!');
  });

  scenario(pairing, 'R-08 two dispenses are independent of each other', async (scene) => {
    const [first, second] = [await scene.dispense('kv'), await scene.dispense('kv')];
    await first.call('Put', { Key: 'k', Value: base64('v') });
    await first.close();
    assert.deepEqual(await second.call('Get', 'k'), { Value: base64('v'), Revision: 1 });
    await assert.rejects(first.call('Get', 'k'));
  });
}

const EVERYTHING = {
  Bool: true,
  Int: -7,
  Int64: Number.MIN_SAFE_INTEGER,
  Uint64: Number.MAX_SAFE_INTEGER,
  Float: -1.5e300,
  String: '鍵 🔑',
  Bytes: base64('\0bytes\xff'),
  Strings: ['', 'a', 'b'],
  Counts: { one: 1, minus: -1 },
  Nested: { Name: 'outer', Value: 1, Next: { Name: 'inner', Value: 0, Next: null } },
  List: [{ Name: 'x', Value: 2, Next: null }],
  When: '2026-01-02T03:04:05.000000006+01:00',
  Any: null,
  Err: { Message: 'an error as a value' },
};

function values(pairing: Pairing): void {
  scenario(pairing, 'G-21 G-23 G-24 a value with a field of every kind comes back as it went', async (scene) => {
    const probe = await scene.dispense('probe');
    assert.deepEqual(await probe.call('Everything', EVERYTHING), EVERYTHING);
  });

  scenario(pairing, 'G-06 zero values come back as they went', async (scene) => {
    const probe = await scene.dispense('probe');
    const reply = await probe.call<typeof EVERYTHING>('Everything', {});
    assert.deepEqual([reply.Bool, reply.Int, reply.String, reply.Nested, reply.Err], [false, 0, '', null, null]);
  });

  scenario(pairing, 'maps and slices of structs are replied', async (scene) => {
    const kv = await scene.dispense('kv');
    for (const key of ['b', 'a', 'c']) await kv.call('Put', { Key: key, Value: base64(key) });
    assert.deepEqual(await kv.call('Snapshot', {}), { a: base64('a'), b: base64('b'), c: base64('c') });
    const list = await kv.call<{ Key: string }[]>('List', '');
    assert.deepEqual(
      list.map((entry) => entry.Key),
      ['a', 'b', 'c'],
    );
  });

  scenario(pairing, 'R-21 arguments and replies of 64 MiB pass', async (scene) => {
    const probe = await scene.dispense('probe');
    const data = randomBytes(64 << 20).toString('base64');
    assert.equal((await probe.call('Echo', data)) === data, true, 'the bytes came back changed');
  });

  scenario(pairing, 'R-11 R-12 calls go on beside one that waits, and each gets its own reply', async (scene) => {
    const probe = await scene.dispense('probe');
    const waiting = probe.call<string>('Wait', 'later');
    const texts = Array.from({ length: 64 }, (_, number) => base64(`call ${number}`));
    assert.deepEqual(await Promise.all(texts.map((text) => probe.call('Echo', text))), texts);
    await probe.call('Release', 'later');
    assert.equal(await waiting, 'later');
  });

  scenario(pairing, 'R-08 R-12 objects are dispensed and called at once', async (scene) => {
    const rounds = Array.from({ length: 16 }, async (_, number) => {
      const probe = await scene.dispense('probe');
      const texts = Array.from({ length: 32 }, (_unused, call) => base64(`${number}/${call}`));
      assert.deepEqual(await Promise.all(texts.map((text) => probe.call('Echo', text))), texts);
    });
    await Promise.all(rounds);
  });
}

function failures(pairing: Pairing): void {
  scenario(pairing, 'R-13 an error reply carries its text', async (scene) => {
    const probe = await scene.dispense('probe');
    for (const text of ['broke', 'ключ\nне найден']) {
      await assert.rejects(probe.call('Fail', text), (error) => error instanceof RpcFailure && error.message === text);
    }
    await stillThere(probe);
  });

  scenario(pairing, "R-14 an unknown method is told in Go's words, and the stream stays usable", async (scene) => {
    const probe = await scene.dispense('probe');
    const types = { argsType: 'string', replyType: 'string' };
    await assert.rejects(probe.call('Nonsense', 'x', types), /^Error: rpc: can't find method Plugin\.Nonsense$/);
    await stillThere(probe);
  });

  scenario(
    pairing,
    'R-15 an argument of the wrong type is an error reply, and the stream stays usable',
    async (scene) => {
      const probe = await scene.dispense('probe');
      await assert.rejects(probe.call('Echo', 7, { argsType: 'int' }), RpcFailure);
      await stillThere(probe);
    },
  );

  scenario(pairing, 'R-16 a reply of the wrong type fails the call', async (scene) => {
    const probe = await scene.dispense('probe');
    await assert.rejects(probe.call('Echo', base64('x'), { replyType: 'int' }));
    await stillThere(await scene.dispense('probe'));
  });
}

function ends(pairing: Pairing): void {
  hosted(pairing, 'R-17 a plugin that is killed fails all calls of all its objects', async (host) => {
    const client = await host.create(await configOf(pairing));
    const { id } = await client.start();
    const probes = [await client.dispense('probe'), await client.dispense('probe')];
    const calls = probes.flatMap((probe) => ['a', 'b', 'c'].map((token) => probe.call('Wait', token)));
    const failures = Promise.all(calls.map((call) => assert.rejects(call, isLoss)));
    await Promise.all(probes.map(stillThere));
    process.kill(Number(id), 'SIGKILL');
    await failures;
    await client.gone();
    await assert.rejects(client.ping());
    for (const probe of probes) await assert.rejects(probe.call('Echo', base64('late')), isLoss);
  });

  scenario(pairing, 'R-19 K-02 after Quit the plugin ends by itself', async (scene) => {
    const probe = await scene.dispense('probe');
    const { Pid } = await probe.call<{ Pid: number }>('Describe', {});
    await scene.client.stop();
    assert.deepEqual([isRunning(Pid), await scene.client.exited()], [false, true]);
  });
}

/** Whether it was the connection that failed, and not the method. */
function isLoss(error: unknown): boolean {
  return error instanceof Error && !(error instanceof RpcFailure);
}

async function stillThere(probe: DrivenObject): Promise<void> {
  assert.equal(await probe.call('Echo', base64('still there')), base64('still there'));
}

/** Text as Go's JSON shows bytes; a character per byte. */
export function base64(text: string): string {
  return Buffer.from(text, 'latin1').toString('base64');
}

/** SHA-256 in hex. */
export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}
