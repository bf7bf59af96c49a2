import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type ServerHttp2Stream } from 'node:http2';
import { test } from 'node:test';
import { firstValueFrom } from 'rxjs';
import { selfSignedAuthority } from '../../../../src/transports/tls/certificate.js';
import { mutualTls, secureDialer, secureListener } from '../../../../src/transports/tls/tls.js';
import { defer } from '../../../support/defer.js';
import { LINKS } from '../../../support/tls-link.js';
import { answer, connect, finish, Recorder, respondOnly, serve } from './bench.js';

const authority = selfSignedAuthority();
const EMPTY_SETTINGS = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);

test('a lost connection ends every stream and closes once, with an error', async () => {
  const bench = connect();
  void serve(bench.far, respondOnly);
  const calls = [new Recorder(), new Recorder()];
  for (const call of calls) call.open(bench.session);
  await bench.session.ping(5000);
  const pinged = bench.session.ping(5000);
  bench.far.destroy();
  await assert.rejects(pinged);
  const error = await bench.closed;
  assert.ok(error instanceof Error);
  assert.equal(bench.session.usable, false);
  for (const call of calls) assert.equal(call.log.at(-1), 'lost');
  assert.throws(() => new Recorder().open(bench.session), { code: 'ERR_CLOSED' });
  assert.equal(bench.connection.destroyed, true);
  await finish(bench);
});

for (const kind of LINKS) {
  test(`a peer that ends only its side of TLS ends the session, and is told: ${kind.name}`, async () => {
    const link = await kind.open();
    const [mine, theirs] = await Promise.all([authority.issue(), authority.issue()]);
    const alpn = { alpn: ['h2'] };
    const secure = secureListener(link.listener, mutualTls(theirs, mine.certificatePem), alpn);
    const accepted = firstValueFrom(secure.connection$);
    const connection = await secureDialer(link.dialer, mutualTls(mine, theirs.certificatePem), alpn).dial();
    const bench = connect({}, [connection, await accepted]);
    bench.far.write(EMPTY_SETTINGS);
    await bench.ready;
    const call = new Recorder();
    call.open(bench.session);
    const over = once(bench.far.resume(), 'end');
    bench.far.end();
    assert.ok((await bench.closed) instanceof Error);
    assert.equal(call.log.at(-1), 'lost');
    await over;
    await link.close();
  });
}

test('after GOAWAY open streams go on, no new ones start, and the session ends without an error', async () => {
  const bench = connect();
  const held = defer<ServerHttp2Stream>();
  const far = await serve(bench.far, (stream) => held.resolve(stream));
  const call = new Recorder();
  call.open(bench.session, true);
  const stream = await held.promise;
  far.goaway(0, 1);
  assert.equal(await bench.goAway, 0);
  assert.equal(bench.session.usable, false);
  assert.throws(() => new Recorder().open(bench.session), { code: 'ERR_CLOSED' });
  answer(stream, {});
  await call.over;
  assert.equal(call.log.at(-1), 'end');
  assert.equal(await bench.closed, undefined);
});

test('GOAWAY with an error ends the session with the reason that the peer gave', async () => {
  const bench = connect();
  const far = await serve(bench.far, respondOnly);
  await bench.ready;
  far.goaway(11, 0, Buffer.from('too_many_pings'));
  const error = await bench.closed;
  assert.match(String(error?.message), /GOAWAY 11.*too_many_pings/);
});

test('close waits for the open streams', async () => {
  const bench = connect();
  const held = defer<ServerHttp2Stream>();
  void serve(bench.far, (stream) => held.resolve(stream));
  const call = new Recorder();
  call.open(bench.session, true);
  const stream = await held.promise;
  const closing = bench.session.close();
  assert.equal(bench.session.usable, false);
  answer(stream, {});
  await closing;
  assert.equal(call.log.at(-1), 'end');
  assert.equal(await bench.closed, undefined);
  await bench.session.close();
});

test('destroy resets the streams and calls onClose with its reason', async () => {
  const bench = connect();
  void serve(bench.far, respondOnly);
  const call = new Recorder();
  call.open(bench.session);
  const reason = new Error('enough');
  bench.session.destroy(reason);
  bench.session.destroy();
  assert.equal(await bench.closed, reason);
  assert.deepEqual(call.log, ['lost']);
  await finish(bench);
});
