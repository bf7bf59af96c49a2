import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom, lastValueFrom, map, toArray } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createClient, type PluginError } from '../../src/index.js';
import { fakeRunner } from '../../src/testing/index.js';
import { ownTempDir } from '../support/own-temp-dir.js';
import { EMPTY_SPEC } from '../support/runner-spec.js';

const assertTempDirEmpty = ownTempDir();
const options = { handshake, plugins };
const failsWith = (code: string) => (error: PluginError) => error.code === code;

test('a script that writes lines and exits is a plugin that exited early', async () => {
  const runner = fakeRunner(async (plugin) => {
    plugin.writeStderr('cannot find my configuration\n');
    plugin.logger.error('giving up', { attempt: 3 });
    await plugin.exit({ code: 3 });
  });
  const client = createClient({ ...options, runner });
  const said = firstValueFrom(
    client.logs$.pipe(
      // Not the host's own remarks.
      filter(({ module }) => module !== 'rxplug'),
      map(({ message }) => message),
      toArray(),
    ),
  );
  await assert.rejects(client.start(), (error: PluginError) => {
    assert.equal(error.code, 'ERR_EXITED_EARLY');
    assert.equal(error.details.exitCode, 3);
    assert.equal(error.details.stderr?.[0], 'cannot find my configuration');
    return true;
  });
  assert.deepEqual(await said, ['cannot find my configuration', 'giving up']);
  assert.equal(client.id, 'fake-1');
  assertTempDirEmpty();
});

test('a script sees what the host gives to a runner', async () => {
  const runner = fakeRunner((plugin) => plugin.exit());
  await assert.rejects(createClient({ ...options, runner, env: { COLOUR: 'green' } }).start());
  const { env, ownEnv, socketDir } = runner.plugins[0]!.spec;
  assert.equal(env['PATH'], process.env['PATH']);
  assert.deepEqual(
    [ownEnv['COLOUR'], ownEnv['PLUGIN_UNIX_SOCKET_DIR'], ownEnv['PATH']],
    ['green', socketDir, undefined],
  );
  assert.equal(env[handshake.magicCookieKey], handshake.magicCookieValue);
  assert.equal(env['COLOUR'], 'green');
  assert.ok(socketDir !== undefined);
});

test('a line that is no handshake fails the start with the answer of diagnose, and the plugin is killed', async () => {
  const runner = fakeRunner((plugin) => plugin.writeStdout('hello there\n'), { diagnosis: 'it only greets' });
  const client = createClient({ ...options, runner });
  await assert.rejects(client.start(), (error: PluginError) => {
    assert.equal(error.code, 'ERR_HANDSHAKE_UNRECOGNIZED');
    assert.equal(error.details.diagnosis, 'it only greets');
    return true;
  });
  assert.equal(runner.plugins[0]!.kills, 1);
  assert.deepEqual(await lastValueFrom(client.exit$), { code: null, signal: 'SIGKILL' });
});

test('addresses are translated on their way to the host', async () => {
  const seen: string[] = [];
  const runner = fakeRunner(
    (plugin) => {
      plugin.announce({ appVersion: 1, address: { network: 'unix', address: '/inside/s' }, protocol: 'grpc' });
    },
    {
      addresses: {
        pluginToHost: ({ network, address }) => {
          seen.push(address);
          return { network, address: address.replace('/inside', '/outside') };
        },
        hostToPlugin: (address) => address,
      },
    },
  );
  await assert.rejects(createClient({ ...options, runner }).start(), /\/outside\/s/);
  assert.deepEqual(seen, ['/inside/s']);
});

test('a script that hangs while starting is given up with the start, and a script that fails fails it', async () => {
  const hanging = fakeRunner(() => new Promise(() => {}));
  await assert.rejects(
    createClient({ ...options, runner: hanging, startTimeoutMs: 20 }).start(),
    failsWith('ERR_START_TIMEOUT'),
  );
  assert.equal(hanging.plugins[0]!.exited, true);
  const cause = new Error('no such machine');
  await assert.rejects(createClient({ ...options, runner: fakeRunner(() => Promise.reject(cause)) }).start(), {
    code: 'ERR_SPAWN',
    cause,
  });
});

test('the effect of a kill can be scripted, and steps that were registered run before the exit is emitted', async () => {
  const events: string[] = [];
  const runner = fakeRunner(
    (plugin) => {
      plugin.onExit(() => events.push('first made, last undone'));
      plugin.onExit(() => events.push('undone'));
      plugin.exit$.subscribe(({ code }) => events.push(`exited with ${code}`));
      plugin.writeStdout('nonsense\n');
    },
    { onKill: (plugin) => plugin.exit({ code: 7 }) },
  );
  await assert.rejects(createClient({ ...options, runner }).start());
  assert.deepEqual(events, ['undone', 'first made, last undone', 'exited with 7']);
});

test('a fake plugin runs once and emits nothing after its exit', async () => {
  const runner = fakeRunner((plugin) => plugin.writeStdout('before\n'));
  const plugin = runner(EMPTY_SPEC);
  const { signal } = new AbortController();
  await plugin.start({ signal });
  await Promise.all([plugin.exit({ code: 1 }), plugin.exit({ code: 2 }), plugin.kill()]);
  plugin.writeStdout('after');
  assert.deepEqual(await firstValueFrom(plugin.exit$), { code: 1, signal: null });
  assert.deepEqual(await plugin.stdout.setEncoding('utf8').toArray(), ['before\n']);
  await assert.rejects(plugin.start({ signal }), failsWith('ERR_CLOSED'));
});

test('a client that is stopped while a fake plugin is silent kills it', async () => {
  const runner = fakeRunner(() => {});
  const client = createClient({ ...options, runner });
  const waiting = firstValueFrom(
    client.state$.pipe(filter((state) => state.status === 'starting' && state.phase === 'handshaking')),
  );
  const start = client.start();
  await waiting;
  await Promise.all([assert.rejects(start, failsWith('ERR_START_ABORTED')), client.stop()]);
  assert.deepEqual(
    runner.plugins.map(({ exited, kills }) => [exited, kills]),
    [[true, 1]],
  );
  assertTempDirEmpty();
});
