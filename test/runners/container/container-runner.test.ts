import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import type { PluginError } from '../../../src/errors.js';
import { attachContainer } from '../../../src/runners/container/attach.js';
import { containerRunner } from '../../../src/runners/container/container-runner.js';
import type { Runner } from '../../../src/runners/runner.js';
import { defer, within } from '../../support/defer.js';
import { EMPTY_SPEC } from '../../support/runner-spec.js';
import { CONTAINER_ID, type EngineRequest, type EngineScript, ScriptedEngine } from '../../support/scripted-engine.js';

const LIMIT_MS = 10_000;
const CONTAINER = `/containers/${CONTAINER_ID}`;
const UNKNOWN = { code: null, signal: null };
const failsWith = (code: string) => (error: PluginError) => error.code === code;
const never = new AbortController().signal;

async function runnerOf(engine: ScriptedEngine, options: object = {}): Promise<Runner> {
  const factory = containerRunner({ image: 'image', user: '0:0', engine: engine.socketPath, ...options });
  return await factory({ ...EMPTY_SPEC, socketDir: '/tmp/d' });
}

async function withRunner(
  script: EngineScript,
  use: (runner: Runner, engine: ScriptedEngine) => Promise<void>,
  options: object = {},
): Promise<void> {
  await using engine = await ScriptedEngine.listen(script);
  await use(await runnerOf(engine, options), engine);
}

/** A script for one request; the others are answered as by a healthy engine. */
const on =
  (name: string, act: (request: EngineRequest) => void): EngineScript =>
  (request) => {
    if (request.name !== name) return undefined;
    act(request);
    return 'done';
  };
const healthy: EngineScript = () => undefined;

function frame(kind: number, data: string | Buffer): Buffer {
  const header = Buffer.alloc(8);
  header[0] = kind;
  header.writeUInt32BE(Buffer.byteLength(data), 4);
  return Buffer.concat([header, Buffer.from(data)]);
}

test('requests to the engine: version, create, attach before start, wait, kill, remove', async () => {
  await withRunner(healthy, async (runner, engine) => {
    assert.deepEqual([runner.id, runner.name], ['', 'image']);
    await runner.start({ signal: never });
    assert.equal(runner.id, CONTAINER_ID);
    engine.attached[0]!.write(Buffer.concat([frame(1, '1|1|'), frame(2, 'log'), frame(1, 'unix\n')]));
    assert.equal(String((await once(runner.stderr, 'data'))[0]), 'log');
    await Promise.all([runner.kill(), runner.kill()]);
    assert.equal(await text(runner.stdout), '1|1|unix\n');
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: 137, signal: null });
    const order = ['/version', '/containers/create', `${CONTAINER}/attach`, `${CONTAINER}/start`, `${CONTAINER}/wait`];
    order.push(`${CONTAINER}/kill`, `${CONTAINER}/json`, CONTAINER);
    assert.deepEqual(
      engine.requests.map((request) => request.split(' ')[1]),
      order,
    );
    await assert.rejects(runner.start({ signal: never }), failsWith('ERR_CLOSED'));
  });
});

test('output from before the exit can be read after it', async () => {
  await withRunner(healthy, async (runner, engine) => {
    await runner.start({ signal: never });
    engine.attached[0]!.end(frame(2, 'last words'));
    engine.exit();
    await within(LIMIT_MS, 'the exit', firstValueFrom(runner.exit$));
    assert.match(await text(runner.stderr), /^last words/);
    await runner.kill();
  });
});

test('the last line of stderr and the diagnosis say that the kernel killed a container for its memory', async () => {
  const script = on(`GET ${CONTAINER}/json`, ({ answer }) => answer(200, { State: { OOMKilled: true } }));
  await withRunner(script, async (runner, engine) => {
    await runner.start({ signal: never });
    engine.attached[0]!.end();
    engine.exit();
    await firstValueFrom(runner.exit$);
    const [line] = (await text(runner.stderr)).split('\n');
    assert.match(JSON.parse(line!)['@message'] as string, /^The container ran out of memory.*512 MiB/);
    assert.match(await runner.diagnose(), /ran out of memory.*\n {2}Image: image/s);
    await runner.kill();
  });
});

test('a slow reader makes the container wait, with bounded memory', async () => {
  await withRunner(healthy, async (runner, engine) => {
    await runner.start({ signal: never });
    const socket = engine.attached[0]! as Duplex & { bytesWritten: number };
    const flood = frame(1, Buffer.alloc(1 << 20, 'x'));
    let sent = 0;
    while (sent < 64 && socket.write(flood)) sent++;
    for (; sent < 64; sent++) socket.write(flood);
    await once(runner.stdout, 'readable');
    await new Promise((resolve) => setImmediate(resolve));
    assert.ok(runner.stdout.readableLength <= 256 * 1024, `${runner.stdout.readableLength} bytes are held`);
    assert.ok(socket.writableLength > 32 << 20, 'the rest waits at the engine');
    let bytes = 0;
    runner.stdout.on('data', (chunk: Buffer) => (bytes += chunk.length));
    while (bytes < 64 << 20) await once(runner.stdout, 'data');
    await runner.kill();
  });
});

test('an engine that sends no frames ends the streams; the container is waited for all the same', async () => {
  await withRunner(healthy, async (runner, engine) => {
    await runner.start({ signal: never });
    engine.attached[0]!.write('hello, this is a terminal\n');
    assert.equal(await within(LIMIT_MS, 'the end of stdout', text(runner.stdout)), '');
    engine.exit();
    assert.deepEqual(await firstValueFrom(runner.exit$), { code: 137, signal: null });
    await runner.kill();
  });
});

test('a start that is aborted while the engine creates the container ends at once, and removes it later', async () => {
  const created = defer<EngineRequest>();
  const script = on('POST /containers/create', (request) => created.resolve(request));
  await withRunner(script, async (runner, engine) => {
    const abort = new AbortController();
    const start = runner.start({ signal: abort.signal });
    const { answer } = await created.promise;
    abort.abort();
    await assert.rejects(start, failsWith('ERR_START_ABORTED'));
    assert.ok(!engine.requests.some((request) => request.startsWith('DELETE')));
    answer(201, { Id: CONTAINER_ID });
    await runner.kill();
    assert.equal(engine.requests.at(-1), `DELETE ${CONTAINER}`);
    assert.deepEqual(await firstValueFrom(runner.exit$), UNKNOWN);
  });
});

test('a container whose creation the engine does not confirm is removed by its name', async () => {
  const script = on('POST /containers/create', () => {});
  await withRunner(
    script,
    async (runner, engine) => {
      await assert.rejects(runner.start({ signal: never }), failsWith('ERR_CONTAINER_ENGINE'));
      const name = new URLSearchParams(engine.urls[1]!.split('?')[1]).get('name');
      assert.match(name ?? '', /^rxplug-[0-9a-f]{16}$/);
      assert.equal(engine.requests.at(-1), `DELETE /containers/${name}`);
      assert.equal(await text(runner.stdout), '');
    },
    // Also the limit of the requests before, which are answered: long enough for a busy machine.
    { requestTimeoutMs: 1500 },
  );
});

test('a container that the engine does not start is removed, and the error quotes the engine', async () => {
  const script = on(`POST ${CONTAINER}/start`, ({ answer }) => answer(500, { message: 'the moon is full' }));
  await withRunner(script, async (runner, engine) => {
    await assert.rejects(runner.start({ signal: never }), { code: 'ERR_SPAWN', message: /"the moon is full"/ });
    assert.equal(engine.requests.at(-1), `DELETE ${CONTAINER}`);
    await runner.kill();
  });
});

test('waiting is repeated when the engine ends the request', async () => {
  let waits = 0;
  const script: EngineScript = ({ name, socket }) => {
    if (name !== `POST ${CONTAINER}/wait` || ++waits > 1) return undefined;
    socket.destroy();
    return 'done';
  };
  await withRunner(script, async (runner, engine) => {
    await runner.start({ signal: never });
    const again = firstValueFrom(runner.exit$);
    while (waits < 2) await new Promise((resolve) => setImmediate(resolve));
    engine.exit();
    assert.deepEqual(await within(LIMIT_MS, 'the exit', again), { code: 137, signal: null });
    await runner.kill();
  });
});

test('a container that was removed from outside has an unknown exit', async () => {
  const script = on(`POST ${CONTAINER}/wait`, ({ answer }) => answer(404, { message: 'no such container' }));
  await withRunner(script, async (runner) => {
    await runner.start({ signal: never });
    assert.deepEqual(await within(LIMIT_MS, 'the exit', firstValueFrom(runner.exit$)), UNKNOWN);
    await runner.kill();
  });
});

test('the error for a container that cannot be removed has its id, and the wait for it ends', async () => {
  const script: EngineScript = ({ name, answer }) => {
    if (name === `POST ${CONTAINER}/kill`) answer(500, { message: 'kill: device or resource busy' });
    else if (name.startsWith('DELETE')) answer(500, { message: 'device or resource busy' });
    else return undefined;
    return 'done';
  };
  await withRunner(
    script,
    async (runner) => {
      await runner.start({ signal: never });
      await assert.rejects(runner.kill(), { code: 'ERR_KILL', message: /c0ffee.*resource busy.*podman rm -f c0ffee/ });
      assert.deepEqual(await firstValueFrom(runner.exit$), UNKNOWN);
    },
    { killTimeoutMs: 50 },
  );
});

test('a runner that was never started can be killed, and cannot be started then', async () => {
  await withRunner(healthy, async (runner, engine) => {
    await runner.kill();
    assert.deepEqual([await firstValueFrom(runner.exit$), engine.requests], [UNKNOWN, []]);
    assert.equal(await text(runner.stderr), '');
    await assert.rejects(runner.start({ signal: never }), failsWith('ERR_CLOSED'));
  });
});

test('a host without a directory for sockets cannot use containers', () => {
  const factory = containerRunner({ image: 'image', engine: '/nowhere' });
  assert.throws(() => factory(EMPTY_SPEC), { code: 'ERR_OPTIONS' });
});

test('a host attaches to a container without our label by the directory in the options', async () => {
  const script = on('GET /containers/by-name/json', ({ answer }) =>
    answer(200, {
      Id: CONTAINER_ID,
      State: { Running: true },
      Config: { Labels: null },
      HostConfig: { NetworkMode: 'host' },
      Mounts: [{ Source: '/outside', Destination: '/inside' }, 'nonsense'],
    }),
  );
  await using engine = await ScriptedEngine.listen(script);
  const inside = { network: 'unix', address: '/inside/s' } as const;
  const named = await attachContainer('by-name', { engine: engine.socketPath, socketDir: '/inside' });
  assert.equal((await named.pluginToHost(inside)).address, '/outside/s');
  const plain = await attachContainer('by-name', { engine: engine.socketPath });
  assert.deepEqual(await plain.pluginToHost(inside), inside);
  named.unref?.();
  named.ref?.();
  await Promise.all([named.kill(), plain.kill()]);
});
