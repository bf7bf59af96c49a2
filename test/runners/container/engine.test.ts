import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultUser } from '../../../src/runners/container/config.js';
import { ContainerEngine } from '../../../src/runners/container/engine.js';
import { type EngineScript, ScriptedEngine } from '../../support/scripted-engine.js';

const failure = (says: RegExp) => ({ code: 'ERR_CONTAINER_ENGINE', message: says });
const signal = new AbortController().signal;

async function withEngine(
  script: EngineScript,
  use: (engine: ContainerEngine, peer: ScriptedEngine) => Promise<void>,
  timeoutMs = 10_000,
): Promise<void> {
  await using peer = await ScriptedEngine.listen(script);
  await use(new ContainerEngine({ socketPath: peer.socketPath, timeoutMs }), peer);
}

const speaking =
  (version: unknown): EngineScript =>
  ({ name, answer }) => {
    if (name !== 'GET /version') return undefined;
    answer(200, version);
    return 'done';
  };

for (const [title, version, path] of [
  ['an older one', { ApiVersion: '1.30', MinAPIVersion: '1.12' }, '/v1.30/info'],
  ['a newer one that still speaks ours', { ApiVersion: '1.99', MinAPIVersion: '1.44' }, '/v1.51/info'],
  ['one that does not say what it speaks at least', { ApiVersion: '1.41' }, '/v1.41/info'],
] as const) {
  test(`the version is negotiated once, with ${title}`, async () => {
    await withEngine(speaking(version), async (engine, { urls }) => {
      await engine.call('GET', '/info');
      await engine.call('GET', '/info');
      assert.deepEqual(urls, ['/version', path, path]);
    });
  });
}

for (const [title, version, says] of [
  ['too old', { ApiVersion: '1.20' }, /1\.25 to 1\.20|1\.25 to 1\.51/],
  ['too new', { ApiVersion: '1.99', MinAPIVersion: '1.60' }, /1\.60 to 1\.99.*expected one of 1\.25 to 1\.51/],
  ['of no number', { ApiVersion: 'latest' }, /request for its version/],
  ['of no object', 'hello', /request for its version/],
] as const) {
  test(`a version that is ${title} is refused, and asked for again the next time`, async () => {
    await withEngine(speaking(version), async (engine, { urls }) => {
      await assert.rejects(engine.call('GET', '/info'), failure(says));
      await assert.rejects(engine.call('GET', '/info'), failure(says));
      assert.deepEqual(urls, ['/version', '/version']);
    });
  });
}

test('the error for a missing engine names it, and says what to do', async () => {
  const engine = new ContainerEngine({ socketPath: '/no/such.sock', timeoutMs: 1000 });
  await assert.rejects(
    engine.call('GET', '/info'),
    failure(/\/no\/such\.sock cannot be used: .*ENOENT.*podman system service/),
  );
});

for (const [title, script, says] of [
  ['never answers', () => 'done', /did not respond within 50 ms/],
  [
    'answers without end',
    ({ response }) => {
      const more = () => {
        while (!response.destroyed && response.write(Buffer.alloc(1 << 16)));
      };
      response.on('drain', more).on('error', () => {});
      more();
      return 'done';
    },
    /more than 4194304 bytes/,
  ],
  [
    'hangs up in the middle of its answer',
    ({ response, socket }) => {
      response.writeHead(200, { 'Content-Length': 10 });
      response.write('half', () => socket.destroy());
      return 'done';
    },
    /cannot be used/,
  ],
  [
    'speaks no HTTP',
    ({ socket }) => {
      socket.end('220 mail.example ESMTP\r\n');
      return 'done';
    },
    /cannot be used/,
  ],
  [
    'upgrades the connection unasked',
    ({ socket }) => {
      socket.write('HTTP/1.1 101 Switching\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
      return 'done';
    },
    /upgraded the connection without a request/,
  ],
] as readonly (readonly [string, EngineScript, RegExp])[]) {
  test(`an engine that ${title} fails the request`, async () => {
    const slow = title === 'never answers' ? 50 : 10_000;
    await withEngine(script, (engine) => assert.rejects(engine.call('GET', '/info'), failure(says)), slow);
  });
}

test('an aborted request rejects with the reason', async () => {
  const reason = new Error('changed my mind');
  const abort = new AbortController();
  const script: EngineScript = ({ name }) => {
    if (name !== 'GET /info') return undefined;
    abort.abort(reason);
    return 'done';
  };
  await withEngine(script, (engine) => assert.rejects(engine.call('GET', '/info', { signal: abort.signal }), reason));
});

test('an answer that is no JSON has no body, and its text is the message', async () => {
  const script: EngineScript = ({ name, response }) => {
    if (name !== 'GET /info') return undefined;
    response.writeHead(500).end('it broke\n');
    return 'done';
  };
  await withEngine(script, async (engine) => {
    assert.deepEqual(await engine.call('GET', '/info'), { status: 500, body: undefined, message: 'it broke' });
  });
});

for (const [title, self, options, user] of [
  ['root', { uid: 0, gid: 0 }, [], '0:0'],
  ['anybody, with an engine of root', { uid: 1000, gid: 100 }, ['name=seccomp'], '1000:100'],
  ['anybody, with a rootless engine', { uid: 1000, gid: 100 }, ['name=seccomp', 'name=rootless'], '0:0'],
  ['on a system without such numbers', { uid: undefined, gid: undefined }, [], undefined],
] as const) {
  test(`the container's user is the host's own: ${title}`, async () => {
    const script: EngineScript = ({ name, answer }) => {
      if (name !== 'GET /info') return undefined;
      answer(200, { SecurityOptions: options });
      return 'done';
    };
    await withEngine(script, async (engine) => {
      assert.equal(await defaultUser(engine, signal, self), user);
    });
  });
}
