import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { filter, firstValueFrom, lastValueFrom } from 'rxjs';
import { attachContainer } from '../../../src/container.js';
import { createClient, type PluginClient } from '../../../src/index.js';
import { CrashRequest_Kind as Crash, WriteRequest_Stream as Stream } from '../../conformance/gen/probe.js';
import { within } from '../../support/defer.js';
import { type ContainerRig, handshake, LIMIT_MS, plugins } from './rig.js';

const value = Buffer.from('1');

/** Start, calls and stop of plugins in containers, ours and Go's. */
export function lifecycleSuite(rig: ContainerRig): void {
  for (const kind of ['ours', 'Go'] as const) {
    test(`a plugin (${kind}) in a container: dispense, calls, stdio, logs, ping, stop`, rig.needs(kind), async () => {
      const client = rig.client({ command: rig.command(kind) }, { autoMtls: true });
      const printed = once(client.syncStdout, 'data');
      const logged = firstValueFrom(client.logs$.pipe(filter(({ message }) => message === 'from within')));
      await client.start();
      assert.match(client.id, /^[0-9a-f]{64}$/);
      const [kv, probe] = [await client.dispense('kv'), await client.dispense('probe')];
      assert.equal((await firstValueFrom(kv.put({ key: 'a', value }))).revision, 1n);
      const payload = { data: Buffer.alloc(1 << 20, 'x') };
      assert.equal((await firstValueFrom(probe.echo(payload))).data.length, 1 << 20);
      await firstValueFrom(probe.write({ stream: Stream.STDOUT, data: Buffer.from('printed') }));
      assert.equal(String((await within(LIMIT_MS, 'the output', printed))[0]), 'printed');
      await firstValueFrom(probe.log({ level: 'warn', message: 'from within' }));
      assert.equal((await within(LIMIT_MS, 'the log', logged)).level, 'warn');
      await client.ping();
      await client.stop();
      assert.deepEqual(await lastValueFrom(client.exit$), { code: 0, signal: null });
      await rig.assertNothingLeft();
    });

    test(
      `a plugin (${kind}) that crashes in a container leaves exit code and last words`,
      rig.needs(kind),
      async () => {
        const client = rig.client({ command: rig.command(kind) });
        await client.start();
        const probe = await client.dispense('probe');
        await assert.rejects(firstValueFrom(probe.crash({ kind: Crash.PANIC, message: 'out of ideas' })));
        assert.ok((await crashOf(client)).code! > 0);
        assert.match(client.lastStderr.join('\n'), /out of ideas/);
        await rig.assertNothingLeft();
      },
    );

    test(`a plugin (${kind}) that does not exit is killed with its container`, rig.needs(kind), async () => {
      const client = rig.client({ command: rig.command(kind, '--shutdown=hang') }, { stopGraceMs: 100 });
      await client.start();
      await client.stop();
      assert.equal((await lastValueFrom(client.exit$)).code, 137);
      await rig.assertNothingLeft();
    });

    test(
      `a host attaches to a plugin (${kind}) in a container by its id, calls and stops it`,
      rig.needs(kind),
      async () => {
        const first = rig.client({ command: rig.command(kind) });
        await first.start();
        const second = reattached(rig, JSON.parse(JSON.stringify(await first.reattachConfig())) as object);
        await second.start();
        assert.equal(second.id, first.id);
        const kv = await second.dispense('kv');
        assert.equal((await firstValueFrom(kv.put({ key: 'a', value }))).revision, 1n);
        const ending = crashOf(first);
        await second.stop();
        assert.equal((await ending).code, 0);
        await rig.assertNothingLeft();
      },
    );
  }

  takenOver(rig);
}

/** What else may happen to a container. */
function takenOver(rig: ContainerRig): void {
  test('a container that was killed or removed from outside is a crash, and nothing is left', rig.needed, async () => {
    for (const how of [['kill'], ['rm', '--force']]) {
      const client = rig.client();
      await client.start();
      const ending = crashOf(client);
      await rig.engine.run(...how, client.id);
      await ending;
      await rig.assertNothingLeft();
    }
  });

  test('a host that attached to a container can kill it', rig.needed, async () => {
    const client = rig.client();
    await client.start();
    const { address } = await firstValueFrom(client.handshake$);
    const attached = await attachContainer(client.id, { engine: rig.engine.socketPath });
    assert.match((await attached.hostToPlugin(address)).address, /^\/run\/plugin\//);
    assert.deepEqual(await attached.pluginToHost(await attached.hostToPlugin(address)), address);
    const ending = crashOf(client);
    await Promise.all([attached.kill(), attached.kill()]);
    assert.equal((await lastValueFrom(attached.exit$)).code, 137);
    await ending;
    await rig.assertNothingLeft();
  });

  test('host and container may see the sockets by the same path', rig.needed, async () => {
    await using client = rig.client({ socketDir: 'same' });
    await client.start();
    const { address } = await firstValueFrom(client.handshake$);
    const attached = await attachContainer(client.id, { engine: rig.engine.socketPath });
    assert.deepEqual(await attached.hostToPlugin(address), address);
  });
}

/** Resolves with the exit of a plugin that ended unasked. */
async function crashOf(client: PluginClient): Promise<{ readonly code: number | null }> {
  const state = await within(LIMIT_MS, 'the end of the plugin', lastValueFrom(client.state$));
  assert.ok(state.status === 'exited' && state.reason.kind === 'crashed', JSON.stringify(state));
  return state.exit ?? { code: null };
}

function reattached(rig: ContainerRig, config: object): PluginClient<typeof plugins> {
  const attach = ({ id = '' }) => attachContainer(id, { engine: rig.engine.socketPath });
  const reattach = { ...(config as { network: 'unix'; address: string }), attach };
  return createClient({ reattach, handshake, plugins });
}
