import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom, lastValueFrom } from 'rxjs';
import { KVDefinition } from '../../examples/gen/kv.js';
import {
  createClient,
  createGrpcClient,
  GrpcChannel,
  grpcPlugin,
  type PluginError,
  type RunnerFactory,
} from '../../src/index.js';
import { containerRunner } from '../../src/runners/container.js';
import { attachContainer } from '../../src/runners/container-attach.js';
import type { ContainerOptions } from '../../src/runners/container-options.js';
import { dialerTo } from '../../src/transports/dial.js';
import { needsGo } from '../conformance/build-go.js';
import { CrashRequest_Kind as Kind, ProbeDefinition, WriteRequest_Stream as Stream } from '../conformance/gen/probe.js';
import { goPlugin } from '../conformance/peers.js';
import { within } from '../support/defer.js';
import { IN_IMAGE, needsPodman, Podman } from '../support/podman.js';

const IMAGE = 'localhost/plugins';
const LIMIT_MS = 30_000;
const handshake = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
const plugins = { kv: grpcPlugin(KVDefinition), probe: grpcPlugin(ProbeDefinition) };
const value = Buffer.from('1');
const podmanNeeded = needsPodman();
const goMissing = podmanNeeded.skip === false ? needsGo().skip : podmanNeeded.skip;

let engine: Podman;
const commands: Record<string, [string, ...string[]]> = { ours: [IN_IMAGE.node, IN_IMAGE.bundle] };

before(async () => {
  if (podmanNeeded.skip !== false) return;
  engine = await Podman.start();
  const programs = [IN_IMAGE.node];
  if (goMissing === false) {
    commands['Go'] = [...(await goPlugin())];
    programs.push(commands['Go'][0]);
  }
  await engine.importImage(
    IMAGE,
    programs,
    fileURLToPath(new URL('../conformance/plugin/kv-plugin.js', import.meta.url)),
  );
});

after(async () => await engine?.[Symbol.asyncDispose]());

/** Not every machine lets a container have the limits that podman sets by itself. */
function runner(options: Partial<ContainerOptions> = {}): RunnerFactory {
  const { limits, ...rest } = options;
  return containerRunner({
    image: IMAGE,
    engine: engine.socketPath,
    command: commands['ours']!,
    limits: { userProcesses: 4096, ...limits },
    ...rest,
  });
}

function clientOf(options: Partial<ContainerOptions> = {}, more: { autoMtls?: boolean; stopGraceMs?: number } = {}) {
  return createClient({ runner: runner(options), handshake, plugins, ...more });
}

async function assertNothingLeft(): Promise<void> {
  assert.deepEqual(await engine.containers(), []);
  assert.deepEqual(
    readdirSync(tmpdir()).filter((name) => name.startsWith('plugin-dir')),
    [],
  );
}

for (const [kind, options] of [
  ['ours', podmanNeeded],
  ['Go', { skip: goMissing }],
] as const) {
  test(`a plugin (${kind}) lives in a container: dispense, calls, stdio, logs, ping, stop`, options, async () => {
    const client = clientOf({ command: commands[kind]! }, { autoMtls: true });
    const printed = once(client.stdout, 'data');
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
    await assertNothingLeft();
  });

  test(
    `a plugin (${kind}) that crashes in its container is a crash with its exit code and last words`,
    options,
    async () => {
      const client = clientOf({ command: commands[kind]! });
      await client.start();
      const probe = await client.dispense('probe');
      await assert.rejects(firstValueFrom(probe.crash({ kind: Kind.PANIC, message: 'out of ideas' })));
      const state = await within(LIMIT_MS, 'the end', lastValueFrom(client.state$));
      assert.ok(state.status === 'exited' && state.cause.kind === 'crashed');
      assert.ok((state.exit?.code ?? 0) > 0);
      assert.match(client.lastStderr.join('\n'), /out of ideas/);
      await assertNothingLeft();
    },
  );

  test(`a plugin (${kind}) that will not end is killed with its container`, options, async () => {
    const [file, ...args] = commands[kind]!;
    const client = clientOf({ command: [file, ...args, '--shutdown=hang'] }, { stopGraceMs: 100 });
    await client.start();
    await client.stop();
    assert.equal((await lastValueFrom(client.exit$)).code, 137);
    await assertNothingLeft();
  });

  test(`a plugin (${kind}) in a container is taken over by its id, spoken to, and killed`, options, async () => {
    const client = clientOf({ command: commands[kind]! });
    await client.start();
    const { address } = await firstValueFrom(client.handshake$);
    const attached = await attachContainer(client.id, { engine: engine.socketPath });
    assert.equal(attached.id, client.id);
    assert.match(attached.hostToPlugin(address).address, /^\/run\/plugin\//);
    assert.deepEqual(attached.pluginToHost(attached.hostToPlugin(address)), address);
    await using channel = new GrpcChannel({ dialer: dialerTo(address) });
    const kv = createGrpcClient(channel, KVDefinition);
    assert.equal((await firstValueFrom(kv.put({ key: 'a', value }))).revision, 1n);
    await attached.kill();
    assert.equal((await lastValueFrom(attached.exit$)).code, 137);
    const state = await within(LIMIT_MS, 'the end', lastValueFrom(client.state$));
    assert.ok(state.status === 'exited' && state.cause.kind === 'crashed');
    await assertNothingLeft();
  });
}

test('what somebody else kills or removes is a crash, and nothing is left', podmanNeeded, async () => {
  for (const how of [['kill'], ['rm', '--force', '--time', '0']]) {
    const client = clientOf();
    await client.start();
    await engine.podman(...how, client.id);
    const state = await within(LIMIT_MS, 'the end', lastValueFrom(client.state$));
    assert.ok(state.status === 'exited' && state.cause.kind === 'crashed');
    await assertNothingLeft();
  }
});

test('host and container may see the sockets by the same path', podmanNeeded, async () => {
  await using client = clientOf({ socketDir: 'same' });
  await client.start();
  const { address } = await firstValueFrom(client.handshake$);
  const attached = await attachContainer(client.id, { engine: engine.socketPath });
  assert.deepEqual(attached.hostToPlugin(address), address);
  attached.unref?.();
});

test('a container has no network, only the environment it was given, and its limits', podmanNeeded, async () => {
  const script = `
    const fs = require('fs'), os = require('os');
    const read = (...paths) => paths.map((p) => { try { return fs.readFileSync(p, 'utf8').trim() } catch { return '' } }).join('');
    const facts = { networks: Object.keys(os.networkInterfaces()), env: Object.keys(process.env).sort(),
      memory: read('/sys/fs/cgroup/memory/memory.limit_in_bytes', '/sys/fs/cgroup/memory.max'),
      files: /Max open files +(\\d+)/.exec(read('/proc/self/limits'))[1], caps: /CapEff:\\s+(\\S+)/.exec(read('/proc/self/status'))[1] };
    process.stderr.write(JSON.stringify(facts) + '\\n');`;
  process.env['RXPLUG_SECRET'] = 'secret';
  const client = clientOf({
    command: [IN_IMAGE.node, '-e', script],
    limits: { memoryBytes: 128 << 20, openFiles: 99 },
  });
  await assert.rejects(client.start());
  delete process.env['RXPLUG_SECRET'];
  const facts = JSON.parse(client.lastStderr[0]!) as Record<string, unknown>;
  assert.ok((facts['networks'] as string[]).every((name) => name === 'lo'));
  const env = facts['env'] as string[];
  assert.ok(
    env.includes('RXPLUG_CONFORMANCE') && env.includes('PLUGIN_UNIX_SOCKET_DIR') && !env.includes('RXPLUG_SECRET'),
  );
  assert.deepEqual([facts['memory'], facts['files'], facts['caps']], [String(128 << 20), '99', '0000000000000000']);
  await assertNothingLeft();
});

const failures: readonly (readonly [title: string, options: Partial<ContainerOptions>, code: string, says: RegExp])[] =
  [
    ['an image that is not there', { image: 'localhost/nothing' }, 'ERR_SPAWN', /no image localhost\/nothing.*pull it/],
    ['a program that is not there', { command: ['/no/such'] }, 'ERR_SPAWN', /has no program "\/no\/such"/],
    ['a program that is a directory', { command: ['/tmp'] }, 'ERR_SPAWN', /may not be executed/],
    [
      'a mount of nothing',
      { mounts: [{ source: '/no/such/place', target: '/data' }] },
      'ERR_SPAWN',
      /no \/no\/such\/place to be mounted/,
    ],
    ['limits above those of the engine', { limits: { openFiles: 1 << 30 } }, 'ERR_SPAWN', /`limits\.openFiles`/],
  ];

for (const [title, options, code, says] of failures) {
  test(`${title} fails the start with the cure, and leaves nothing`, podmanNeeded, async () => {
    await assert.rejects(clientOf(options).start(), { code, message: says });
    await assertNothingLeft();
  });
}

test('a plugin that runs out of memory is said to have', podmanNeeded, async () => {
  const script = 'const all = []; for (;;) all.push(Buffer.alloc(1 << 22, 1));';
  const client = clientOf({ command: [IN_IMAGE.node, '-e', script], limits: { memoryBytes: 64 << 20 } });
  await assert.rejects(client.start(), (error: PluginError) => {
    assert.equal(error.details.exitCode, 137);
    assert.match(error.details.diagnosis ?? '', /ran out of memory.*64 MiB.*`limits\.memoryBytes`/);
    assert.match(error.details.stderr?.at(-1) ?? '', /out of memory/);
    return true;
  });
  await assertNothingLeft();
});

test('a program that is none is diagnosed', podmanNeeded, async () => {
  await assert.rejects(clientOf({ command: [IN_IMAGE.noProgram] }).start(), (error: PluginError) =>
    /not for this architecture, or no program at all/.test(error.details.diagnosis ?? ''),
  );
  await assertNothingLeft();
});

test('a program that is no plugin is diagnosed', podmanNeeded, async () => {
  const client = clientOf({ command: [IN_IMAGE.node, '-e', 'process.exit(3)'] });
  await assert.rejects(client.start(), (error: PluginError) => {
    assert.equal(error.details.exitCode, 3);
    assert.match(error.details.diagnosis ?? '', /is no plugin.*\n {2}Image: localhost\/plugins\n.*\n {2}Exit code: 3/);
    return true;
  });
});

test('a plugin that listens on TCP is refused: there is no network between the two', podmanNeeded, async () => {
  const [file, ...args] = commands['ours']!;
  const start = clientOf({ command: [file, ...args, '--tcp=true'] }).start();
  await assert.rejects(start, (error: PluginError) => /cannot be reached across/.test(String(error.cause)));
  await assertNothingLeft();
});

test('a start that is given up leaves nothing, at whatever point', podmanNeeded, async () => {
  for (const phase of ['launching', 'shaking-hands', 'connecting']) {
    const client = clientOf();
    const reached = firstValueFrom(client.state$.pipe(filter((s) => s.status === 'starting' && s.phase === phase)));
    const start = client.start();
    await reached;
    await Promise.all([assert.rejects(start), client.stop()]);
    await assertNothingLeft();
  }
});

test('a container that does not run cannot be taken over', podmanNeeded, async () => {
  const options = { engine: engine.socketPath };
  await assert.rejects(attachContainer('nothing', options), { code: 'ERR_PROCESS_NOT_FOUND' });
  await engine.podman('create', '--name', 'idle', '--network', 'none', IMAGE, '/no/such');
  await assert.rejects(attachContainer('idle', options), { code: 'ERR_PROCESS_NOT_FOUND', message: /has ended/ });
  await engine.podman('rm', 'idle');
});
