import assert from 'node:assert/strict';
import { test } from 'node:test';
import { filter, firstValueFrom } from 'rxjs';
import { attachContainer, type ContainerOptions } from '../../../src/container.js';
import type { PluginError } from '../../../src/index.js';
import { IN_IMAGE } from '../../support/containers/image.js';
import { type ContainerRig, IMAGE } from './rig.js';

const REFUSED: readonly (readonly [title: string, options: Partial<ContainerOptions>, says: RegExp])[] = [
  ['an image that is not there', { image: 'nothing:latest' }, /no image nothing:latest.*pull it/],
  ['a program that is not there', { command: ['/no/such'] }, /has no program "\/no\/such"/],
  ['a program that is a directory', { command: ['/tmp'] }, /no permission to execute the program/],
  [
    'a mount of nothing',
    { mounts: [{ source: '/no/such', target: '/data' }] },
    /\/no\/such, which is to be mounted at \/data, does not exist/,
  ],
  ['limits above those of the engine', { limits: { openFiles: 1 << 30 } }, /`limits\.openFiles`/],
];

/** How starts fail, and what a container is kept from. */
export function failuresSuite(rig: ContainerRig): void {
  for (const [title, options, message] of REFUSED) {
    test(
      `${title} fails the start with an error that says what to do, and leaves nothing behind`,
      rig.needed,
      async () => {
        await assert.rejects(rig.client(options).start(), { code: 'ERR_SPAWN', message });
        await rig.assertNothingLeft();
      },
    );
  }

  test('a file that is no program is diagnosed', rig.needed, async () => {
    await assert.rejects(rig.client({ command: [IN_IMAGE.noProgram] }).start(), (error: PluginError) =>
      /is for another architecture, or is not a program/.test(error.details.diagnosis ?? ''),
    );
    await rig.assertNothingLeft();
  });

  test('a program that is no plugin is diagnosed', rig.needed, async () => {
    await assert.rejects(rig.client(script('process.exit(3)')).start(), (error: PluginError) => {
      assert.equal(error.details.exitCode, 3);
      assert.match(error.details.diagnosis ?? '', /is not a plugin.*\n {2}Image: plugins:latest\n.*\n {2}Exit code: 3/);
      return true;
    });
  });

  test('the error for a plugin that runs out of memory says so', rig.needed, async () => {
    const hungry = script('const all = []; for (;;) all.push(Buffer.alloc(1 << 22, 1));');
    await assert.rejects(rig.client({ ...hungry, limits: { memoryBytes: 64 << 20 } }).start(), (error: PluginError) => {
      assert.equal(error.details.exitCode, 137);
      assert.match(error.details.diagnosis ?? '', /ran out of memory.*64 MiB.*`limits\.memoryBytes`/);
      assert.match(error.details.stderr?.at(-1) ?? '', /out of memory/);
      return true;
    });
    await rig.assertNothingLeft();
  });

  test('a plugin that listens on TCP is refused, because there is no network', rig.needed, async () => {
    const start = rig.client({ command: rig.command('ours', '--tcp=true') }).start();
    await assert.rejects(start, (error: PluginError) => /cannot be reached across/.test(String(error.cause)));
    await rig.assertNothingLeft();
  });

  test('an aborted start leaves nothing behind, at any point', rig.needed, async () => {
    for (const phase of ['launching', 'handshaking', 'connecting']) {
      const client = rig.client();
      const reached = firstValueFrom(client.state$.pipe(filter((s) => s.status === 'starting' && s.phase === phase)));
      const start = client.start();
      await reached;
      await Promise.all([assert.rejects(start), client.stop()]);
      await rig.assertNothingLeft();
    }
  });

  test('attaching to a container that does not run fails', rig.needed, async () => {
    const options = { engine: rig.engine.socketPath };
    await assert.rejects(attachContainer('nothing', options), { code: 'ERR_PROCESS_NOT_FOUND' });
    await rig.engine.run('create', '--name', 'idle', '--network', 'none', IMAGE, '/no/such');
    await assert.rejects(attachContainer('idle', options), {
      code: 'ERR_PROCESS_NOT_FOUND',
      message: /its state is "created"/,
    });
    await rig.engine.run('rm', 'idle');
  });

  test('a container has no network, only the environment it was given, and its limits', rig.needed, async () => {
    await assertConfined(rig);
    await rig.assertNothingLeft();
  });
}

async function assertConfined(rig: ContainerRig): Promise<void> {
  process.env['RXPLUG_SECRET'] = 'secret';
  const client = rig.client({ ...script(TELL_FACTS), limits: { memoryBytes: 128 << 20, openFiles: 99 } });
  await assert.rejects(client.start());
  delete process.env['RXPLUG_SECRET'];
  const facts = JSON.parse(client.lastStderr[0]!) as Readonly<Record<string, string>>;
  const env = facts['env']!.split(' ');
  assert.ok(env.includes('RXPLUG_CONFORMANCE') && env.includes('PLUGIN_UNIX_SOCKET_DIR'));
  assert.ok(!env.includes('RXPLUG_SECRET'), 'the host’s own environment is not the container’s');
  const { networks, memory, files, capabilities } = facts;
  assert.deepEqual([networks!.replace('lo', ''), memory, files], ['', String(128 << 20), '99']);
  assert.equal(capabilities, '0000000000000000');
}

const TELL_FACTS = `
  const fs = require('node:fs'), os = require('node:os');
  const read = (path) => { try { return fs.readFileSync(path, 'utf8').trim() } catch { return '' } };
  process.stderr.write(JSON.stringify({
    networks: Object.keys(os.networkInterfaces()).join(' '),
    env: Object.keys(process.env).join(' '),
    memory: read('/sys/fs/cgroup/memory/memory.limit_in_bytes') + read('/sys/fs/cgroup/memory.max'),
    files: /Max open files +(\\d+)/.exec(read('/proc/self/limits'))[1],
    capabilities: /CapEff:\\s+(\\S+)/.exec(read('/proc/self/status'))[1],
  }) + '\\n');`;

function script(text: string): Partial<ContainerOptions> {
  return { command: [process.execPath, '-e', text] };
}
