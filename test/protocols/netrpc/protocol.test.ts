import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, test } from 'node:test';
import { filter, firstValueFrom, take, toArray } from 'rxjs';
import { implement } from '../../../src/protocols/contract.js';
import { BASIC_ERROR_NAME, fromBasicError } from '../../../src/protocols/netrpc/basic-error.js';
import { createNetRpcClient } from '../../../src/protocols/netrpc/rpc-client.js';
import { selfSignedAuthority } from '../../../src/transports/tls/certificate.js';
import { mutualTls } from '../../../src/transports/tls/tls.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { gob } from '../../../src/wire/gob/index.js';
import { defer, within } from '../../support/defer.js';
import { memoryDialer } from '../../support/dialers.js';
import { connectHost, startPlugin } from './conversation.js';
import { contract, plugins, rig } from './store-rig.js';

async function rejection(promise: Promise<unknown>): Promise<{ code: string; message: string }> {
  return within(10_000, 'the rejection', promise).then(
    () => assert.fail('it succeeded'),
    (error: { code: string; message: string }) => error,
  );
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('a net/rpc conversation', () => {
  test('R-02 R-03 a plugin is pinged, dispensed and called; optional arguments and replies may be left out', async () => {
    const { host, store: dispense, close } = await rig();
    await host.protocol.ping({ timeoutMs: 5000 });
    const store = await dispense();
    assert.equal(await firstValueFrom(store.greet()), 'Hello!');
    assert.equal(await firstValueFrom(store.Store({ Key: 'k', Value: Uint8Array.of(1, 2, 3) })), 1);
    assert.equal(await firstValueFrom(store.size('k')), 3);
    assert.deepEqual(await firstValueFrom(store.nothing()), {});
    assert.deepEqual(await firstValueFrom(store.nothing(null)), {});
    await close();
  });

  test('R-08 two dispenses are two objects on two streams', async () => {
    const { store: dispense, plugin, close } = await rig();
    const [first, second] = [await dispense(), await dispense()];
    await firstValueFrom(first.Store({ Key: 'k', Value: Uint8Array.of(1) }));
    assert.equal(await firstValueFrom(second.size('k')), -1);
    await first[Symbol.asyncDispose]();
    assert.equal((await rejection(firstValueFrom(first.size('k')))).code, 'ERR_CLOSED');
    assert.equal(await firstValueFrom(second.greet()), 'Hello!');
    const made = plugin.logs.filter(({ module, message }) => module === 'store' && message === 'made');
    assert.equal(made.length, 2);
    await close();
  });

  test('many dispenses at once add one listener to the signal of the connection, without a warning of a leak', async () => {
    const { host, store: dispense, close } = await rig();
    const before = getEventListeners(host.gone.signal, 'abort').length;
    const dispensing = Array.from({ length: 40 }, () => dispense());
    assert.equal(getEventListeners(host.gone.signal, 'abort').length, before + 1);
    const stores = await Promise.all(dispensing);
    assert.equal(await firstValueFrom(stores.at(-1)!.greet()), 'Hello!');
    assert.equal(getEventListeners(host.gone.signal, 'abort').length, before);
    await close();
  });

  test("R-04 unknown names are refused by the host, or by the plugin with go-plugin's texts", async () => {
    const { host, store, close } = await rig();
    const dispense = (name: string) => rejection(host.protocol.dispense(name));
    const [unknown, absent] = [await dispense('absent'), await dispense('other')];
    assert.deepEqual([unknown.code, absent.code], ['ERR_UNKNOWN_PLUGIN', 'ERR_REMOTE']);
    assert.match(unknown.message, /^unknown plugin type: absent/);
    assert.equal(absent.message, 'unknown plugin type: other');
    assert.equal((await dispense('__proto__')).code, 'ERR_UNKNOWN_PLUGIN');
    assert.equal(await firstValueFrom((await store()).greet()), 'Hello!');
    await close();
  });

  test('errors travel as error replies, as BasicError in a field, and in an interface', async () => {
    const { store: dispense, close } = await rig();
    const store = await dispense();
    assert.equal((await rejection(firstValueFrom(store.fail('plainly')))).message, 'plainly');
    const { Own, Err: none } = await firstValueFrom(store.fail('in the value'));
    assert.equal(fromBasicError(Own!).message, 'in the value');
    assert.equal(none, null);
    const { Err } = await firstValueFrom(store.fail('in an interface'));
    assert.deepEqual(Err, { type: BASIC_ERROR_NAME, value: { Message: 'in an interface' } });
    await close();
  });

  test('a dispensed object that the host never dials is dropped', async () => {
    const { plugin, close } = await rig({ broker: { timeoutMs: 50 } });
    const session = createYamuxSession(await plugin.dialer.dial(), { role: 'client' });
    const [control] = [await session.open(), await session.open(), await session.open()];
    const rpc = createNetRpcClient(control);
    const id = await firstValueFrom(rpc.call('Dispenser.Dispense', gob.string, 'store', gob.uint32));
    assert.equal(id, 1);
    const isDropped = () => plugin.logs.some(({ message }) => message.includes('did not open the stream'));
    const dropped = async (): Promise<void> => {
      while (!isDropped()) await turn();
    };
    await within(10_000, 'the drop', dropped());
    await session.close();
    await close();
  });

  test('the dispense of a service that cannot be created is an error reply', async () => {
    const failing = implement(contract, () => {
      throw new Error('cannot be made');
    });
    const plugin = await startPlugin({ store: failing });
    const host = await connectHost(plugin.dialer, plugins);
    assert.equal((await rejection(host.protocol.dispense('store'))).message, 'cannot be made');
    await host.protocol.ping({ timeoutMs: 5000 });
    await host.protocol.close();
    await plugin.serving.close();
  });

  test('a contract of another protocol is refused by both ends', async () => {
    const grpc = { protocols: ['grpc'] } as const;
    await assert.rejects(async () => startPlugin({ store: implement(grpc, {}) }), { code: 'ERR_OPTIONS' });
    const { plugin, close } = await rig();
    const host = await connectHost(plugin.dialer, { store: grpc });
    const refused = await rejection(host.protocol.dispense('store'));
    assert.equal(refused.code, 'ERR_PLUGIN_PROTOCOL');
    assert.match(refused.message, /speaks netrpc, and the contract of store is for grpc alone/);
    await host.protocol.close();
    await close();
  });
});

describe('connected$ of a net/rpc connection', () => {
  test('emits at once, and when the connection is lost', async () => {
    const { plugin, host } = await rig();
    const seen: boolean[] = [];
    host.protocol.connected$!.subscribe({
      next: (connected) => seen.push(connected),
      complete: () => seen.push(false),
    });
    assert.deepEqual(seen, [true]);
    const lost = firstValueFrom(host.protocol.connected$!.pipe(filter((connected) => !connected)));
    await plugin.serving.close();
    assert.equal(await within(5000, 'the loss', lost), false);
    assert.deepEqual(seen, [true, false]);
    await host.protocol.close();
    assert.deepEqual(seen, [true, false, false]);
  });

  test('completes with our own close, which is no loss', async () => {
    const { host, close } = await rig();
    const seen = firstValueFrom(host.protocol.connected$!.pipe(toArray()));
    await host.protocol.close();
    assert.deepEqual(await within(5000, 'the end', seen), [true]);
    await close();
  });
});

describe('the end of a net/rpc conversation', () => {
  test('R-19 the plugin runs onShutdown once, answers Quit, and then ends', async () => {
    const order: string[] = [];
    const { plugin, host, close } = await rig({
      onShutdown: async () => {
        await turn();
        order.push('prepared');
      },
    });
    void plugin.serving.ended.then(() => order.push('ended'));
    const asked = Promise.all([
      host.protocol.shutdown({ timeoutMs: 5000 }),
      host.protocol.shutdown({ timeoutMs: 5000 }),
    ]).then((answers) => order.push(`answered ${answers.join()}`));
    await within(5000, 'the end', Promise.all([asked, plugin.serving.ended]));
    assert.equal(order[0], 'prepared');
    assert.equal(plugin.shutdowns(), 1);
    await close();
    assert.equal(await host.protocol.shutdown({ timeoutMs: 5000 }), false, 'nobody is left to be asked');
  });

  test('the last output of the program reaches the host before the answer', async () => {
    const { plugin, host, close } = await rig({ onShutdown: async () => void plugin.stdout.end('last words') });
    let said = '';
    host.stdout.on('data', (chunk: Buffer) => (said += chunk.toString()));
    plugin.stdout.write('first words, ');
    await host.protocol.shutdown({ timeoutMs: 5000 });
    await host.protocol.close();
    assert.equal(said, 'first words, last words');
    await close();
  });

  test('R-17 closing fails the calls in flight, with the reason where there is one', async () => {
    const { host, store: dispense, close } = await rig();
    const store = await dispense();
    const pending = rejection(firstValueFrom(store.hang()));
    const because = new Error('not one of ours');
    await host.protocol.close(because);
    assert.equal((await pending).code, 'ERR_CLOSED');
    assert.equal((await rejection(host.protocol.ping({ timeoutMs: 5000 }))).code, 'ERR_PING');
    await close();
  });

  test('every wait ends with the reason when the plugin has exited', async () => {
    const plugin = await startPlugin({ store: implement(contract, () => new Promise(() => {}) as never) });
    const host = await connectHost(plugin.dialer, plugins, { broker: { dialTimeoutMs: 60_000 } });
    const pinged = rejection(host.protocol.ping({ timeoutMs: 60_000 }));
    host.gone.abort(new Error('the process is gone'));
    assert.match((await pinged).message, /the process is gone/);
    assert.match((await rejection(host.protocol.dispense('store'))).message, /the process is gone/);
    await host.protocol.close();
    await plugin.serving.close();
  });

  test('the plugin keeps serving when a host disconnects, until the listener is closed', async () => {
    const { plugin, host } = await rig();
    await host.protocol.close();
    const again = await connectHost(plugin.dialer, plugins);
    await again.protocol.ping({ timeoutMs: 5000 });
    await plugin.serving.close();
    await within(5000, 'the end', plugin.serving.ended);
    await again.protocol.close();
  });

  test('a control stream that ends is the loss of the plugin, although its session lives', async () => {
    let session: YamuxSession | undefined;
    const dialer = memoryDialer((far) => {
      session = createYamuxSession(far, { role: 'server' });
      session.stream$.pipe(take(1)).subscribe((control) => control.destroy());
    });
    const host = await connectHost(dialer, plugins);
    const cause = await within(10_000, 'the loss', firstValueFrom(host.protocol.lost$!));
    assert.equal(cause.code, 'ERR_CONNECTION_LOST');
    assert.ok(session!.counts.streams > 0);
    await host.protocol.close();
    await session!.close();
  });

  test('a conversation that is closed was not lost', async () => {
    const { host, close } = await rig();
    const losses = firstValueFrom(host.protocol.lost$!.pipe(toArray()));
    await close();
    assert.deepEqual(await losses, []);
  });

  test('a connection that does not open its streams is closed', async () => {
    const { plugin, close } = await rig({ openTimeoutMs: 20 });
    const session = createYamuxSession(await plugin.dialer.dial(), { role: 'client' });
    await session.open();
    await within(5000, 'the close', session.closed);
    await close();
  });
});

describe('standard streams over net/rpc', () => {
  test('R-10 bytes arrive unchanged and in order, and wait for a host', async () => {
    const plugin = await startPlugin({});
    const data = Buffer.from(Array.from({ length: 1_500_000 }, (_, i) => (i * 7) % 251));
    plugin.stdout.end(data);
    plugin.stderr.write('on stderr');
    const host = await connectHost(plugin.dialer, {});
    const chunks: Buffer[] = [];
    const complete = defer();
    host.stdout.on('data', (chunk: Buffer) => {
      chunks.push(chunk);
      if (Buffer.concat(chunks).length === data.length) complete.resolve();
    });
    const [said] = await Promise.all([
      new Promise((resolve) => host.stderr.once('data', (chunk: Buffer) => resolve(chunk.toString()))),
      within(10_000, 'all of stdout', complete.promise),
    ]);
    assert.equal(said, 'on stderr');
    assert.ok(Buffer.concat(chunks).equals(data));
    await host.protocol.close();
    await plugin.serving.close();
  });

  test('a host that does not read makes the program wait, and no call', async () => {
    const plugin = await startPlugin({});
    const host = await connectHost(plugin.dialer, {});
    const chunk = Buffer.alloc(65_536);
    let written = 0;
    for (; written < 1000 && plugin.stdout.write(chunk); written += 1) {
      for (let i = 0; i < 5; i += 1) await turn();
    }
    assert.ok(written < 100, `${written} chunks were taken`);
    await host.protocol.ping({ timeoutMs: 5000 });
    await host.protocol.close();
    await plugin.serving.close();
  });

  test('each byte is sent to one host, and a later host continues where an earlier one stopped', async () => {
    const plugin = await startPlugin({});
    const first = await connectHost(plugin.dialer, {});
    const said = new Promise((resolve) => first.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    plugin.stdout.write('for the first');
    assert.equal(await said, 'for the first');
    await first.protocol.close();
    const second = await connectHost(plugin.dialer, {});
    await second.protocol.ping({ timeoutMs: 5000 });
    const then = new Promise((resolve) => second.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString())));
    plugin.stdout.write('for the second');
    assert.equal(await then, 'for the second');
    await second.protocol.close();
    await plugin.serving.close();
  });
});

describe('net/rpc under TLS', () => {
  test('R-20 TLS wraps the connection below yamux, both ends verified', async () => {
    const [host, plugin] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
    const { store, close } = await rig(
      { tls: mutualTls(plugin, host.certificatePem) },
      { tls: mutualTls(host, plugin.certificatePem) },
    );
    assert.equal(await firstValueFrom((await store()).greet()), 'Hello!');
    await close();
  });

  test('a host with another certificate is not served', async () => {
    const issue = () => selfSignedAuthority({ curve: 'P-256' }).issue();
    const [host, plugin, stranger] = await Promise.all([issue(), issue(), issue()]);
    const served = await startPlugin({}, { tls: mutualTls(plugin, host.certificatePem) });
    const tls = mutualTls(stranger, plugin.certificatePem);
    const refused = connectHost(served.dialer, {}, { tls }).then(({ protocol }) => protocol.ping({ timeoutMs: 5000 }));
    assert.match((await rejection(refused)).code, /^ERR_(TLS|PING|CONNECTION_LOST|CLOSED)$/);
    await served.serving.close();
  });
});
