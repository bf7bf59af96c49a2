import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type Server, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { text } from 'node:stream/consumers';
import { describe, test } from 'node:test';
import { firstValueFrom, lastValueFrom, take, toArray } from 'rxjs';
import { OptionsError, TransportError } from '../../../src/errors.js';
import { dialerTo } from '../../../src/transports/sockets/dial.js';
import { defaultNetwork, listen, socketTransport } from '../../../src/transports/sockets/socket-transport.js';
import { listenTcp, parseTcpAddress } from '../../../src/transports/sockets/tcp.js';
import type { Listener } from '../../../src/transports/transport.js';
import { fixture, testEnv } from '../../fixtures/fixture.js';
import { blockLoop } from '../../support/block-loop.js';
import { within } from '../../support/defer.js';
import { firstLine } from '../../support/first-line.js';

const isError =
  (code: string, message = /./) =>
  (error: unknown): boolean =>
    error instanceof TransportError && error.code === code && message.test(error.message);

async function portOf(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  assert.ok(typeof address === 'object' && address !== null);
  return address.port;
}

async function nextConnection(listener: Listener): Promise<Duplex> {
  return await within(10_000, 'a connection', firstValueFrom(listener.connection$));
}

const networks = process.platform === 'win32' ? (['tcp'] as const) : (['unix', 'tcp'] as const);

for (const network of networks) {
  describe(`a ${network} listener`, () => {
    test('H-31 carries bytes both ways', async () => {
      const listener = await listen({ network });
      assert.equal(listener.address.network, network);
      const [client, server] = await Promise.all([dialerTo(listener.address).dial(), nextConnection(listener)]);
      client.end('question');
      assert.equal(await text(server), 'question');
      server.destroy();
      await listener.close();
    });

    test('keeps early connections with their bytes, in order, for the subscriber', async () => {
      const listener = await listen({ network });
      const dialer = dialerTo(listener.address);
      const clients: Duplex[] = [];
      for (const name of ['a', 'b', 'c']) {
        const client = await dialer.dial();
        client.write(name);
        clients.push(client);
      }
      const early = await lastValueFrom(listener.connection$.pipe(take(3), toArray()));
      const seen = [];
      for (const connection of early) {
        const [chunk] = await once(connection, 'data');
        seen.push(String(chunk));
        connection.destroy();
      }
      assert.deepEqual(seen, ['a', 'b', 'c']);
      for (const client of clients) client.destroy();
      await listener.close();
    });

    test('keeps the other connections waiting when a subscriber takes only one', async () => {
      const listener = await listen({ network });
      const dialer = dialerTo(listener.address);
      const clients = [await dialer.dial(), await dialer.dial()];
      for (const client of clients) client.resume();
      const first = await nextConnection(listener);
      const second = await nextConnection(listener);
      assert.notEqual(first, second);
      first.destroy();
      second.destroy();
      await Promise.all(clients.map((client) => once(client, 'close')));
      await listener.close();
    });

    test('P-20 a connection that is closed at once, waiting or accepted, affects no other', async () => {
      const listener = await listen({ network });
      const dialer = dialerTo(listener.address);
      for (let left = 20; left > 0; left -= 1) (await dialer.dial()).destroy();
      const rude = await dialer.dial();
      if (rude instanceof Socket && network === 'tcp') rude.resetAndDestroy();
      else rude.destroy();
      const polite = await dialer.dial();
      polite.end('here');
      const connection$ = listener.connection$;
      const heard = new Promise<string>((resolve) => {
        connection$.subscribe((connection) => {
          let said = '';
          connection.on('data', (chunk: Buffer) => {
            said += chunk.toString();
            if (said === 'here') resolve(said);
          });
        });
      });
      assert.equal(await within(10_000, 'the polite one', heard), 'here');
      await listener.close();
    });

    test('has one subscriber at a time', async () => {
      const listener = await listen({ network });
      const subscription = listener.connection$.subscribe();
      await assert.rejects(firstValueFrom(listener.connection$), isError('ERR_LISTEN', /one subscriber at a time/));
      subscription.unsubscribe();
      const again = listener.connection$.subscribe();
      assert.equal(again.closed, false);
      await listener.close();
      assert.equal(again.closed, true);
    });

    test('close completes, drops waiting connections, keeps accepted ones and refuses new ones', async () => {
      const listener = await listen({ network });
      const dialer = dialerTo(listener.address);
      const taken = await dialer.dial();
      const server = await nextConnection(listener);
      const waiting = await dialer.dial();
      waiting.resume();
      const dropped = once(waiting, 'close');
      await new Promise(setImmediate);
      await Promise.all([listener.close(), listener.close()]);
      await within(10_000, 'the close of who waits', dropped);
      assert.deepEqual(await lastValueFrom(listener.connection$.pipe(toArray())), []);
      await assert.rejects(dialer.dial(), isError('ERR_DIAL', /could not be reached at/));
      server.end('still here');
      assert.equal(await text(taken), 'still here');
      taken.destroy();
    });

    test('lets no more connections wait than its limit', async () => {
      const listener = await listen({ network });
      const dialer = dialerTo(listener.address);
      const clients = await Promise.all(Array.from({ length: 80 }, () => dialer.dial()));
      for (const client of clients) client.resume();
      const refused = clients.map((client) => once(client, 'close'));
      await within(10_000, 'a refusal', Promise.any(refused));
      let accepted = 0;
      listener.connection$.subscribe((connection) => {
        accepted += 1;
        connection.destroy();
      });
      assert.ok(accepted <= 64, `${accepted} were waiting`);
      await within(10_000, 'the end of all', Promise.all(refused));
      await listener.close();
    });
  });
}

describe('TCP ports', () => {
  test('P-14 the first free port of the range is used, or any free one when both are 0', async () => {
    const blocker = createServer();
    const busy = await portOf(blocker);
    const listener = await listenTcp({ minPort: busy, maxPort: busy + 20 });
    const { host, port } = parseTcpAddress(listener.address.address);
    assert.equal(host, '127.0.0.1');
    assert.ok(port > busy && port <= busy + 20);
    await assert.rejects(
      listenTcp({ minPort: busy, maxPort: busy }),
      isError('ERR_LISTEN', /No TCP port from \d+ to \d+ is free on 127.0.0.1: extend the range/),
    );
    const free = await listenTcp({ minPort: 0, maxPort: 0 });
    assert.notEqual(parseTcpAddress(free.address.address).port, 0);
    await Promise.all([listener.close(), free.close()]);
    blocker.close();
  });

  test('P-15 a range whose end is below its start is refused', async () => {
    await assert.rejects(listenTcp({ minPort: 10, maxPort: 9 }), isError('ERR_LISTEN', /10, is above the highest, 9/));
  });

  test('a port can be used again at once after close, with a connection still open', async () => {
    const first = await listenTcp();
    const { port } = parseTcpAddress(first.address.address);
    const client = await dialerTo(first.address).dial();
    const server = await nextConnection(first);
    await first.close();
    const second = await listenTcp({ minPort: port, maxPort: port });
    client.destroy();
    server.destroy();
    await second.close();
  });

  test('addresses are read as Go writes them', () => {
    assert.deepEqual(parseTcpAddress('127.0.0.1:80'), { host: '127.0.0.1', port: 80 });
    assert.deepEqual(parseTcpAddress(':65535'), { host: '127.0.0.1', port: 65_535 });
    assert.deepEqual(parseTcpAddress('[::1]:1234'), { host: '::1', port: 1234 });
    assert.deepEqual(parseTcpAddress('localhost:1234'), { host: 'localhost', port: 1234 });
    for (const wrong of ['', 'host', '1:2:3', ':0', ':65536', 'host:', 'host:-1', 'host: 1', '[::1', '::1:5']) {
      assert.throws(() => parseTcpAddress(wrong), isError('ERR_DIAL', /expected host:port/), wrong);
    }
  });
});

describe('dialing', () => {
  test('a missing listener is a typed error with the address and the reason', async () => {
    const listener = await listenTcp();
    await listener.close();
    await assert.rejects(
      dialerTo(listener.address).dial(),
      isError('ERR_DIAL', /tcp 127\.0\.0\.1:\d+: .*ECONNREFUSED/),
    );
    const nowhere = { network: 'unix', address: '/nonexistent/plugin1' } as const;
    await assert.rejects(dialerTo(nowhere).dial(), isError('ERR_DIAL'));
    await assert.rejects(
      dialerTo({ network: 'tcp', address: 'nonsense' }).dial(),
      isError('ERR_DIAL', /expected host:port/),
    );
  });

  test('a peer that does not accept is a typed error after the timeout', {
    skip: process.platform !== 'linux',
  }, async () => {
    const [file, ...args] = fixture('never-accepts');
    const peer = spawn(file, args, { env: testEnv(), stdio: ['ignore', 'pipe', 'inherit'] });
    const address = { network: 'tcp', address: `127.0.0.1:${await firstLine(peer.stdout)}` } as const;
    const queued: Duplex[] = [];
    const fill = async (): Promise<void> => {
      for (let left = 8; left > 0; left -= 1) queued.push(await dialerTo(address, { timeoutMs: 200 }).dial());
    };
    await assert.rejects(fill(), isError('ERR_DIAL_TIMEOUT', /did not accept a connection .* within 200 ms/));
    const abort = new AbortController();
    const outcome = dialerTo(address).dial({ signal: abort.signal });
    abort.abort(new Error('never mind'));
    await assert.rejects(outcome, /never mind/);
    for (const socket of queued) socket.destroy();
    peer.kill('SIGKILL');
    await once(peer, 'exit');
  });

  test('a signal that was aborted before rejects with its reason', async () => {
    const signal = AbortSignal.abort(new Error('too late'));
    await assert.rejects(dialerTo({ network: 'tcp', address: '127.0.0.1:1' }).dial({ signal }), /too late/);
  });

  test('an abort after connecting does not close the connection', async () => {
    const listener = await listenTcp();
    const abort = new AbortController();
    const socket = await dialerTo(listener.address).dial({ signal: abort.signal });
    abort.abort();
    assert.equal(socket.destroyed, false);
    socket.destroy();
    await listener.close();
  });

  test('a timeout that is not a positive number is refused', () => {
    for (const timeoutMs of [0, -1, Number.NaN]) {
      assert.throws(() => dialerTo({ network: 'tcp', address: ':1' }, { timeoutMs }), OptionsError);
    }
  });
});

test('the network is tcp on Windows and unix elsewhere', () => {
  assert.equal(defaultNetwork('win32'), 'tcp');
  assert.equal(defaultNetwork('linux'), 'unix');
  assert.equal(defaultNetwork('darwin'), 'unix');
});

test('a transport dials what it listens on', async () => {
  const transport = socketTransport({ network: 'tcp' });
  const listener = await transport.listen();
  const socket = await transport.dial(listener.address);
  socket.destroy();
  await listener.close();
});

test('dialing is not given up because the event loop was blocked while the connection was made', async () => {
  const listener = await listenTcp();
  const dialing = dialerTo(listener.address, { timeoutMs: 800 }).dial();
  blockLoop(1000);
  (await dialing).destroy();
  await listener.close();
});
