import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import * as merging from '../../examples/bidirectional/contract.js';
import { RefereeDefinition } from '../../examples/gen/merge.js';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createGrpcServer } from '../../src/protocols/grpc/engine.js';
import { HealthDefinition } from '../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { HealthService } from '../../src/protocols/grpc/services/health.js';
import { needsGo } from '../conformance/build-go.js';
import { goPlugin } from '../conformance/peers.js';
import { within } from '../support/defer.js';
import { serveOnUnixSocket } from '../support/grpc-peer.js';
import { awaitGone, isAlive } from '../support/process-alive.js';
import { CLI, runCli } from './run-cli.js';
import { cookieOf, example, pluginOf, startSidecar, unix, untilThere } from './sidecar-rig.js';

const value = new Uint8Array(1);
const CONFORMANCE = { protocolVersion: 1, magicCookieKey: 'RXPLUG_CONFORMANCE', magicCookieValue: 'hello' };
const go = { skip: unix.skip || needsGo().skip };
let directory: string;

before(() => {
  directory = mkdtempSync(join(tmpdir(), 'sf-'));
});
after(() => rmSync(directory, { recursive: true }));

const fileOf = (name: string): string => join(directory, `${name}.json`);

async function putBy(name: string): Promise<bigint> {
  await using client = createClient({ sidecar: { directory, name }, handshake, plugins });
  await client.start();
  const kv = await client.dispense('kv');
  return (await firstValueFrom(kv.put({ key: 'a', value }))).revision;
}

test('a probe ends with 3 when the plugin cannot answer, and with 4 when it does not serve', unix, async () => {
  const health = new HealthService();
  health.set({ plugin: 'NOT_SERVING' });
  for (const [name, code, says] of [
    ['unable', 3, /UNIMPLEMENTED/],
    ['ill', 4, /The plugin answers that it is NOT_SERVING\./],
  ] as const) {
    const server = createGrpcServer();
    if (code === 4)
      server.addService(HealthDefinition, {
        watch: (request) => health.watch(request),
        list: () => health.list(),
        check: (request) => health.check(request),
      });
    await using socket = await serveOnUnixSocket(server);
    const reattach = { protocol: 'grpc', protocolVersion: 1, network: 'unix', address: socket.path };
    writeFileSync(fileOf(name), JSON.stringify({ sidecar: 1, generation: 'a', directory, reattach }));
    const probed = await runCli(['sidecar', '--dir', directory, '--name', name, '--probe']);
    assert.equal(probed.code, code, probed.stderr);
    assert.match(probed.stderr, says);
    rmSync(fileOf(name));
  }
});

test('a second sidecar of a name is refused, and the first goes on', unix, async () => {
  await using first = startSidecar(directory, 'one', example('grpc-kv'));
  await pluginOf(first);
  await untilThere(fileOf('one'));
  const published = readFileSync(fileOf('one'), 'utf8');
  const args = ['sidecar', '--dir', directory, '--name', 'one', ...cookieOf(handshake), '--', ...example('grpc-kv')];
  const { code, stderr } = await runCli(args);
  assert.equal(code, 3);
  assert.match(stderr, /Another sidecar keeps the name one in .*\. End it, or give this one another --name\./);
  assert.equal(readFileSync(fileOf('one'), 'utf8'), published);
  assert.equal(await putBy('one'), 1n);
});

test('a plugin in Go that a killed sidecar has left is ended by the next one', go, async () => {
  const command = await goPlugin();
  await using first = startSidecar(directory, 'left', command, cookieOf(CONFORMANCE));
  const orphan = await pluginOf(first);
  await untilThere(fileOf('left'));
  first.kill('SIGKILL');
  await first.ended;
  assert.ok(isAlive(orphan), 'it goes on without its sidecar');
  await using second = startSidecar(directory, 'left', command, cookieOf(CONFORMANCE));
  assert.notEqual(await pluginOf(second), orphan);
  await awaitGone(orphan);
  second.kill('SIGTERM');
  await second.ended;
});

test('a folder in which nothing can be written, and one that is a file, are told', {
  skip: unix.skip || (process.getuid?.() === 0 ? false : 'needs root, for another user'),
}, async () => {
  const args = ['sidecar', '--dir', fileOf('x'), '--name', 'kv', ...cookieOf(handshake), '--', ...example('grpc-kv')];
  writeFileSync(fileOf('x'), '');
  const file = await runCli(args);
  assert.deepEqual([file.code, /Expected --dir to be a folder/.test(file.stderr)], [2, true], file.stderr);
  const shared = mkdtempSync('/tmp/sf-');
  chmodSync(shared, 0o555);
  const child = spawn(process.execPath, [CLI, ...args.with(2, shared)], {
    uid: 3701,
    cwd: '/',
    env: { PATH: process.env['PATH'], TMPDIR: '/tmp' },
  });
  const said = text(child.stderr);
  const [code] = await within(20_000, 'the end', once(child, 'exit'));
  assert.equal(code, 3);
  assert.match(await said, /^Cannot write in the folder \/tmp\/sf-\w+: .*EACCES/m);
  rmSync(shared, { recursive: true });
});

test('a plugin calls a host of another user through a broker, when both name the group', {
  skip: unix.skip || (process.getuid?.() === 0 ? false : 'needs root, for users of its own'),
}, async () => {
  const gid = 3777;
  const shared = mkdtempSync('/tmp/sf-');
  chownSync(shared, 0, gid);
  chmodSync(shared, 0o2770);
  const args = ['--group', String(gid), ...cookieOf(merging.handshake as typeof handshake)];
  const words = [CLI, 'sidecar', '--dir', shared, '--name', 'merger', ...args, '--', ...example('bidirectional')];
  const env = { PATH: process.env['PATH'], TMPDIR: '/tmp' };
  const sidecar = spawn(process.execPath, words, { uid: 3701, gid, cwd: '/', env, stdio: 'ignore' });
  const ended = once(sidecar, 'exit');
  try {
    await untilThere(join(shared, 'merger.json'));
    await using client = createClient({
      sidecar: { directory: shared, name: 'merger' },
      handshake: merging.handshake,
      plugins: merging.plugins,
      unixSocket: { group: String(gid) },
    });
    await client.start();
    const merger = await client.dispense('merger');
    const merged$ = client.broker.lend(RefereeDefinition, { decide: ({ theirs }) => ({ value: theirs }) }, (id) =>
      merger.merge({ ours: { a: '1' }, theirs: { a: '2' }, referee: id }),
    );
    assert.deepEqual((await firstValueFrom(merged$)).merged, { a: '2' });
    await client.stop();
  } finally {
    sidecar.kill('SIGTERM');
    await within(20_000, 'the end of the sidecar', ended);
  }
  assert.deepEqual(readdirSync(shared), []);
  rmSync(shared, { recursive: true });
});

test('a sidecar that cannot publish any more ends with the reason, and its plugin too', unix, async () => {
  const own = mkdtempSync(join(directory, 'gone'));
  await using sidecar = startSidecar(own, 'kv', example('grpc-kv'));
  const pid = await pluginOf(sidecar);
  await untilThere(join(own, 'kv.json'));
  rmSync(join(own, 'kv.json'));
  mkdirSync(join(own, 'kv.json'));
  process.kill(pid, 'SIGKILL');
  const { code, stderr } = await sidecar.ended;
  assert.equal(code, 3);
  assert.match(stderr, /The plugin cannot be published: .*(EISDIR|ENOTEMPTY|EEXIST)/);
});

test('an unknown group is told once: the plugin is not started again and again', unix, async () => {
  const flags = ['--dir', directory, '--name', 'grouped', '--group', 'no-such-group', ...cookieOf(handshake)];
  const { code, stdout, stderr } = await runCli(['sidecar', ...flags, '--', ...example('grpc-kv')]);
  assert.equal(code, 3);
  assert.match(stderr, /ERR_OPTIONS: There is no group "no-such-group" in \/etc\/group: correct the name/);
  assert.equal(`${stdout}${stderr}`.match(/the plugin did not start/g)?.length, 1);
  assert.deepEqual(
    readdirSync(directory).filter((name) => name.startsWith('grouped')),
    [],
  );
});
