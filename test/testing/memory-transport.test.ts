import assert from 'node:assert/strict';
import { once } from 'node:events';
import { test } from 'node:test';
import { take } from 'rxjs';
import { memoryTransport } from '../../src/testing/index.js';

test('a connection that comes before the subscriber waits for it, with what was written', async () => {
  const transport = memoryTransport();
  const listener = await transport.listen();
  const client = await transport.dial(listener.address);
  client.end('early');
  const accepted: unknown[] = [];
  listener.connection$.pipe(take(1)).subscribe((connection) => accepted.push(connection));
  assert.equal(accepted.length, 1);
  const server = accepted[0] as typeof client;
  assert.equal(String((await once(server, 'data'))[0]), 'early');
  client.destroy();
  await once(server, 'close');
  await listener.close();
});

test('closing completes the connections, destroys those that wait, and ends dialing; an accepted one stays', async () => {
  const transport = memoryTransport();
  const listener = await transport.listen();
  const accepted: unknown[] = [];
  let completed = false;
  const taking = listener.connection$.pipe(take(1)).subscribe((connection) => accepted.push(connection));
  const kept = await transport.dial(listener.address);
  const waiting = await transport.dial(listener.address);
  listener.connection$.subscribe({ complete: () => (completed = true) }).unsubscribe();
  listener.connection$.subscribe({ complete: () => (completed = true) });
  await listener.close();
  await listener.close();
  assert.equal(completed, true);
  assert.equal(taking.closed, true);
  assert.equal(kept.destroyed, false);
  kept.destroy();
  waiting.destroy();
  await assert.rejects(transport.dial(listener.address), { code: 'ERR_DIAL', message: /there is no listener/ });
});

test('the 65th connection that would wait is refused', async () => {
  const transport = memoryTransport();
  const listener = await transport.listen();
  const waiting = await Promise.all(Array.from({ length: 64 }, () => transport.dial(listener.address)));
  await assert.rejects(transport.dial(listener.address), {
    code: 'ERR_DIAL',
    message: /64 connections that were not accepted yet/,
  });
  const gone = Promise.all(waiting.map((connection) => once(connection.resume(), 'close')));
  await listener.close();
  await gone;
});

test('two transports are separate, and an aborted dial rejects with its reason', async () => {
  const [one, other] = [memoryTransport(), memoryTransport()];
  const listener = await one.listen();
  await assert.rejects(other.dial(listener.address), { code: 'ERR_DIAL' });
  const reason = new Error('changed my mind');
  await assert.rejects(one.dial(listener.address, { signal: AbortSignal.abort(reason) }), reason);
  await listener.close();
});
