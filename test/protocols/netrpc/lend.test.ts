import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstValueFrom, lastValueFrom, map, of } from 'rxjs';
import { gob, method } from '../../../src/net-rpc.js';
import { YamuxBroker } from '../../../src/protocols/netrpc/yamux-broker.js';
import { duplexPair } from '../../../src/testing/duplex-pair.js';
import { createYamuxSession } from '../../../src/transports/yamux/session.js';
import { within } from '../../support/defer.js';

const methods = { ask: method(gob.string, gob.string) };

/** Short, for what is never accepted. */
function pair(timeoutMs = 50) {
  const [near, far] = duplexPair();
  const sessions = [createYamuxSession(near, { role: 'client' }), createYamuxSession(far, { role: 'server' })] as const;
  const [own, other] = sessions.map((session) => new YamuxBroker({ session }, { timeoutMs })) as [
    YamuxBroker,
    YamuxBroker,
  ];
  own.start();
  other.start();
  return { own, other, close: () => Promise.all(sessions.map((session) => session.close())) };
}

test('a service is lent for one call and borrowed by its id, under the name that Go expects', async () => {
  const { own, other, close } = pair(20_000);
  const answer$ = own.lend(methods, { ask: (question) => `${question} I!` }, (id) =>
    other.borrow(methods, id, ({ ask }) => ask('who?')),
  );
  assert.equal(await within(20_000, 'the answer', lastValueFrom(answer$)), 'who? I!');
  assert.equal(await firstValueFrom(answer$), 'who? I!', 'cold: another subscription has another id');
  await close();
});

test('a call goes on that has no use for what it was lent', async () => {
  const { own, close } = pair();
  const slow = new Promise((resolve) => setTimeout(resolve, 200));
  const call$ = own.lend(methods, { ask: () => '' }, () => slow.then(() => 'done'));
  assert.equal(await within(5000, 'the end', lastValueFrom(call$)), 'done');
  await close();
});

test('the failure of the call, and of the borrower, is that of the Observable', async () => {
  const { own, other, close } = pair();
  const failing$ = own.lend(methods, { ask: () => '' }, () => Promise.reject(new Error('no')));
  await assert.rejects(lastValueFrom(failing$), /no/);
  await assert.rejects(lastValueFrom(other.borrow(methods, 77, () => of(1))), { code: /ERR_BROKER/ });
  const thrown$ = own.lend(methods, { ask: () => Promise.reject(new Error('I do not know')) }, (id) =>
    other.borrow(methods, id, ({ ask }) => ask('who?').pipe(map(String))),
  );
  await assert.rejects(lastValueFrom(thrown$), { code: 'ERR_REMOTE', message: /I do not know/ });
  await close();
});
