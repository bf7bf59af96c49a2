import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { describe, test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { createNetRpcClient, type NetRpcClient } from '../../../src/protocols/netrpc/rpc-client.js';
import { serveNetRpc } from '../../../src/protocols/netrpc/rpc-server.js';
import { gob } from '../../../src/wire/gob/index.js';
import { needsGo } from '../../conformance/build-go.js';
import { Outcome, PutArgs, PutReply, pluginServices, registry } from './plugin.js';
import { GoRpcServer, runPeer, socketPath } from './rpc-peer.js';

interface Line {
  readonly name: string;
  readonly value: unknown;
  readonly error?: string;
}

async function listen(path: string, onConnection: (socket: Socket) => void): Promise<Server> {
  const server = createServer({ allowHalfOpen: true }, onConnection).listen(path);
  await once(server, 'listening');
  return server;
}

async function errorOf(promise: Promise<unknown>): Promise<{ code?: string; message: string }> {
  return promise.then(
    () => assert.fail('the call succeeded'),
    (error: unknown) => error as { code?: string; message: string },
  );
}

async function dial(path: string): Promise<NetRpcClient> {
  const socket = connect(path);
  await once(socket, 'connect');
  return createNetRpcClient(socket, { registry });
}

describe('net/rpc against Go', needsGo(), () => {
  test('R-12 R-13 R-14 R-15 R-21 a Go client calls our server', async () => {
    const { path, remove } = socketPath();
    const serving: Promise<void>[] = [];
    const server = await listen(path, (socket) => {
      serving.push(serveNetRpc(socket, pluginServices(), { registry }).ended);
    });
    const lines = (await runPeer(['client', path])).trim().split('\n');
    const outcomes = lines.map((line) => JSON.parse(line) as Line);
    server.close();
    await Promise.all(serving);
    remove();
    const put = { Size: 3, Echo: { Key: 'k', Value: 'AQID', Tags: { a: 1, b: 'x' } } };
    assert.deepEqual(
      outcomes.map(({ name, value, error }) => error ?? { [name]: value }),
      [
        { Greet: 'Hello, Go' },
        { Put: put },
        'no such luck',
        "rpc: can't find method Plugin.Nope",
        "rpc: can't find service Nope.Greet",
        'rpc: service/method request ill-formed: Greet',
        'gob: string: expected string, got int',
        'gob: PutArgs.Key: expected string, got int',
        { 'still usable': 'Hello, again' },
        { large: true },
        { overtaken: 42 },
        { nothing: 'nothing' },
        { 'error in an interface': 'inner' },
        { 'map in an interface': { deep: ['a', 2.5], n: 12 } },
        { concurrent: 200 },
        'reading body gob: decoding into local type *int, received remote type string',
      ],
    );
  });

  test('R-11 R-12 R-13 R-14 R-15 R-16 R-21 our client calls a Go server', async () => {
    await using server = await GoRpcServer.start();
    await using client = await dial(server.path);
    const greet = (name: string) => firstValueFrom(client.call('Plugin.Greet', gob.string, name, gob.string));
    assert.equal(await greet('Node'), 'Hello, Node');
    const args = { Key: 'k', Value: Uint8Array.of(1, 2, 3), Tags: { a: 1, b: 'x' } };
    const put = await firstValueFrom(client.call('Plugin.Put', PutArgs, args, PutReply));
    assert.equal(put.Size, 3);
    assert.deepEqual({ ...put.Echo.Tags }, args.Tags);
    const fail = await errorOf(firstValueFrom(client.call('Plugin.Fail', gob.string, 'no such luck', gob.int)));
    assert.deepEqual([fail.code, fail.message], ['ERR_REMOTE', 'no such luck']);
    for (const [name, text] of [
      ['Plugin.Nope', "rpc: can't find method Plugin.Nope"],
      ['Nope.Greet', "rpc: can't find service Nope.Greet"],
      ['Greet', 'rpc: service/method request ill-formed: Greet'],
    ] as const) {
      assert.equal((await errorOf(firstValueFrom(client.call(name, PutArgs, args, gob.int)))).message, text);
    }
    const wrong = await errorOf(firstValueFrom(client.call('Plugin.Greet', gob.int, 5, gob.string)));
    assert.match(wrong.message, /^gob: decoding into local type \*string, received remote type int/);
    const reply = await errorOf(firstValueFrom(client.call('Plugin.Greet', gob.string, 'x', gob.int)));
    assert.deepEqual([reply.code, reply.message], ['ERR_GOB_TYPE', 'gob: int: expected int, got string']);
    assert.equal(await greet('again'), 'Hello, again', 'a reply of the wrong type fails its own call alone');
  });

  test('R-12 R-21 replies overtake each other, large ones pass, interfaces arrive', async () => {
    await using server = await GoRpcServer.start();
    await using client = await dial(server.path);
    const large = new Uint8Array(4 * 1024 * 1024).map((_, i) => i * 7);
    assert.deepEqual(await firstValueFrom(client.call('Plugin.Echo', gob.bytes, large, gob.bytes)), large);
    const wait = firstValueFrom(client.call('Plugin.Wait', gob.int, 21, gob.int));
    await firstValueFrom(client.call('Plugin.Open', gob.empty, {}, gob.empty));
    assert.equal(await wait, 42);
    assert.equal(await firstValueFrom(client.call('Plugin.Nothing', gob.interface(), null, gob.string)), 'nothing');
    assert.deepEqual(
      await firstValueFrom(client.call('Plugin.Count', gob.empty, {}, gob.map(gob.string, gob.int))),
      Object.create(null),
    );
    const failed = await firstValueFrom(client.call('Plugin.Result', gob.string, 'error', Outcome));
    assert.deepEqual(failed.Err, { type: '*plugin.BasicError', value: { Message: 'inner' } });
    const mapped = await firstValueFrom(client.call('Plugin.Result', gob.string, 'map', Outcome));
    assert.equal(JSON.stringify(mapped.Value, ['n', 'deep']), '{"n":12,"deep":["a",2.5]}');
    const greet = async (i: number) => firstValueFrom(client.call('Plugin.Greet', gob.string, `${i}`, gob.string));
    const replies = await Promise.all(Array.from({ length: 500 }, (_, i) => greet(i)));
    assert.ok(replies.every((text, i) => text === `Hello, ${i}`));
    assert.equal(client.pendingCalls, 0);
  });

  test('R-17 pending calls fail once when the Go server dies', async () => {
    await using server = await GoRpcServer.start();
    const client = await dial(server.path);
    const failures: string[] = [];
    const pending = Array.from({ length: 5 }, (_, i) => {
      const call = client.call('Plugin.Wait', gob.int, i, gob.int);
      return new Promise<void>((resolve) => {
        call.subscribe({
          next: () => failures.push('reply'),
          error: (error: { code: string }) => {
            failures.push(error.code);
            resolve();
          },
        });
      });
    });
    await firstValueFrom(client.call('Plugin.Greet', gob.string, '', gob.string));
    server.kill();
    await Promise.all(pending);
    assert.equal((await client.closed)?.code, 'ERR_CONNECTION_LOST');
    assert.deepEqual(
      failures,
      Array.from({ length: 5 }, () => 'ERR_CONNECTION_LOST'),
    );
    const late = await errorOf(firstValueFrom(client.call('Plugin.Greet', gob.string, '', gob.string)));
    assert.equal(late.code, 'ERR_CONNECTION_LOST');
  });
});
