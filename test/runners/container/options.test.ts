import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { containerConfig } from '../../../src/runners/container/config.js';
import { findEngine, resolveEngineOptions } from '../../../src/runners/container/engine-options.js';
import { resolveContainerOptions } from '../../../src/runners/container/options.js';
import { SILENT_LOGGER } from '../../../src/wire/logs/logger.js';

const image = 'plugins';
const spec = {
  env: { PATH: '/host/bin', PLUGIN_UNIX_SOCKET_DIR: '/tmp/d' },
  logger: SILENT_LOGGER,
  ownEnv: { COOKIE: 'yes', PLUGIN_UNIX_SOCKET_DIR: '/tmp/d' },
  socketDir: '/tmp/d',
};
const configOf = (options: object) => {
  const resolved = resolveContainerOptions({ image, ...options });
  const config = containerConfig(spec, resolved, { host: '/tmp/d', container: resolved.socketDir }, '1000:1000');
  return JSON.parse(JSON.stringify(config)) as { HostConfig: Record<string, unknown> } & Record<string, unknown>;
};

test('a container has no network, no capability and limits, and nothing of the host’s environment', () => {
  const { HostConfig: host, ...config } = configOf({});
  assert.deepEqual(config['Env'], ['COOKIE=yes', 'PLUGIN_UNIX_SOCKET_DIR=/run/plugin']);
  assert.equal(config['User'], '1000:1000');
  assert.equal(config['Entrypoint'], undefined);
  assert.equal(host['NetworkMode'], 'none');
  assert.deepEqual(host['CapDrop'], ['ALL']);
  assert.deepEqual(host['SecurityOpt'], ['no-new-privileges']);
  assert.deepEqual(
    [host['Memory'], host['MemorySwap'], host['PidsLimit'], host['Ulimits']],
    [512 << 20, 512 << 20, 256, [{ Name: 'nofile', Soft: 1024, Hard: 1024 }]],
  );
  assert.deepEqual(host['Mounts'], [{ Type: 'bind', Source: '/tmp/d', Target: '/run/plugin', ReadOnly: false }]);
});

test('every option finds its place', () => {
  const { HostConfig: host, ...config } = configOf({
    command: ['/bin/plugin', '--verbose'],
    env: { COOKIE: 'loses', LANG: 'C' },
    workingDir: '/work',
    socketDir: '/s/',
    mounts: [
      { source: '/usr', target: '/usr' },
      { source: '/data', target: '/data', readOnly: false },
    ],
    labels: { team: 'a' },
    network: 'host',
    capabilities: ['NET_RAW'],
    readOnly: true,
    limits: { memoryBytes: null, pids: null, openFiles: null, userProcesses: 99, cpus: 0.5 },
  });
  assert.deepEqual([config['Entrypoint'], config['Cmd']], [['/bin/plugin'], ['--verbose']]);
  assert.deepEqual(config['Env'], ['COOKIE=yes', 'LANG=C', 'PLUGIN_UNIX_SOCKET_DIR=/s']);
  assert.equal(config['WorkingDir'], '/work');
  assert.deepEqual(config['Labels'], { team: 'a', 'rxplug.socket-dir': '/s', 'rxplug.host': String(process.pid) });
  const mounts = host['Mounts'] as { Target: string; ReadOnly: boolean }[];
  assert.deepEqual(
    mounts.map(({ Target, ReadOnly }) => [Target, ReadOnly]),
    [
      ['/usr', true],
      ['/data', false],
      ['/s', false],
    ],
  );
  assert.deepEqual([host['NetworkMode'], host['CapAdd'], host['ReadonlyRootfs']], ['host', ['NET_RAW'], true]);
  assert.deepEqual(
    [host['Memory'], host['PidsLimit'], host['NanoCpus'], host['Ulimits']],
    [undefined, undefined, 5e8, [{ Name: 'nproc', Soft: 99, Hard: 99 }]],
  );
});

for (const [title, options] of [
  ['no image', { image: '' }],
  ['a relative path for sockets', { socketDir: 'run' }],
  ['the root for sockets', { socketDir: '/' }],
  ['a relative mount', { mounts: [{ source: '/a', target: 'b' }] }],
  ['a limit of nothing', { limits: { pids: 0 } }],
  ['half a process', { limits: { pids: 0.5 } }],
] as const) {
  test(`${title} is refused`, () => {
    assert.throws(() => resolveContainerOptions({ image, ...options }), { code: 'ERR_OPTIONS' });
  });
}

test('the engine is the one that the options, the environment or the usual places name', () => {
  const engine = '/somewhere/engine.sock';
  assert.equal(resolveEngineOptions({ engine }).engine, engine);
  assert.equal(findEngine({ DOCKER_HOST: 'unix:///d.sock', CONTAINER_HOST: 'unix:///c.sock' }), '/d.sock');
  assert.equal(findEngine({ CONTAINER_HOST: 'unix:///c.sock' }), '/c.sock');
  assert.throws(() => findEngine({ DOCKER_HOST: 'tcp://elsewhere:2375' }), {
    code: 'ERR_OPTIONS',
    message: /unix:\/\/\/path/,
  });
  assert.throws(() => resolveEngineOptions({ engine, requestTimeoutMs: -1 }), { code: 'ERR_OPTIONS' });
});

test('an engine of the user’s own is found in the runtime directory', (t) => {
  const runtimeDir = mkdtempSync(join(tmpdir(), 'r'));
  mkdirSync(join(runtimeDir, 'podman'));
  writeFileSync(join(runtimeDir, 'podman', 'podman.sock'), '');
  t.after(() => rmSync(runtimeDir, { recursive: true }));
  const found = findEngine({ XDG_RUNTIME_DIR: runtimeDir });
  assert.ok(found.endsWith('docker.sock') || found.endsWith('podman.sock'));
});
