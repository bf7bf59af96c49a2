import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EmptyError, firstValueFrom, lastValueFrom, map, NEVER, of, throwError, timer } from 'rxjs';
import { createGrpcClient, type GrpcBroker, GrpcError, status } from '../../src/grpc.js';
import { PluginError } from '../../src/index.js';
import { createGrpcServer } from '../../src/protocols/grpc/engine.js';
import type { PluginPairOptions } from '../../src/testing/index.js';
import { bounded } from '../conformance/bounded.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { type BrokerPair, brokerPair, echo, probe, registerProbe } from '../support/broker-pair.js';

export const hasCode = (code: string) => (error: unknown) => PluginError.is(error) && error.code === code;
export const hasStatus = (code: number) => (error: unknown) => GrpcError.is(error) && error.status === code;

/** How the brokers under test reach each other. */
export interface BrokerSetting {
  readonly name: string;
  readonly options: PluginPairOptions;
}

/** Registers a test with two brokers, after which nothing may be left of either. */
export function withBrokers({ name, options }: BrokerSetting) {
  return (text: string, body: (pair: BrokerPair) => Promise<void>): void =>
    void test(`${text} [${name}]`, async () => {
      await using pair = await brokerPair(options);
      await bounded(body(pair), text);
    });
}

/** The same setting with brokers that wait no longer than so. */
export function impatient({ name, options }: BrokerSetting, timeoutMs: number): BrokerSetting {
  const host = { ...options.host, broker: { ...options.host?.broker, timeoutMs } };
  const serve = { ...options.serve, broker: { ...options.serve?.broker, timeoutMs } };
  return { name, options: { ...options, host, serve } };
}

/** What brokers do however their connections travel. */
export function brokerContract(setting: BrokerSetting): void {
  const on = withBrokers(setting);
  /** Either side accepts, the other dials. */
  const both = (text: string, body: (accepting: GrpcBroker, dialing: GrpcBroker) => Promise<void>) => {
    on(`${text}, the host accepting`, ({ host, plugin }) => body(host, plugin));
    on(`${text}, the plugin accepting`, ({ host, plugin }) => body(plugin, host));
  };
  meetings(setting, both);
  ids(on, both);
  scopes(setting, both);
  ends(setting, on, both);
}

const NOTHING = { accepting: 0, channels: 0, pending: 0, streams: 0 };

type On = ReturnType<typeof withBrokers>;
type Both = (text: string, body: (accepting: GrpcBroker, dialing: GrpcBroker) => Promise<void>) => void;

function meetings({ options }: BrokerSetting, both: Both): void {
  both('B-08 M-14 what is served at an id is called by who dials it', async (accepting, dialing) => {
    const serving = accepting.acceptAndServe(7, registerProbe).subscribe();
    const channel = await dialing.dial(7);
    assert.equal(await echo(channel, 'hello'), 'hello');
    assert.deepEqual([accepting.counts.accepting, dialing.counts.channels], [1, 1]);
    serving.unsubscribe();
    assert.equal(accepting.counts.accepting, 0);
    await assert.rejects(echo(channel, 'gone'), hasStatus(status.UNAVAILABLE));
    await channel.close();
    assert.equal(dialing.counts.channels, 0);
  });

  both('B-03 M-09 the dialer may come first', async (accepting, dialing) => {
    const dialed = dialing.dial(1);
    const waiting = options.multiplex === true ? accepting : dialing;
    await settled(() => waiting.counts.pending === 1);
    const serving = accepting.acceptAndServe(1, registerProbe).subscribe();
    await using channel = await dialed;
    assert.equal(await echo(channel, 'late'), 'late');
    serving.unsubscribe();
  });

  both('every kind of call travels', async (accepting, dialing) => {
    await using channel = await meet(accepting, dialing, 1);
    const client = createGrpcClient(channel, ProbeDefinition);
    const numbers$ = client.produce({ count: 100, size: 10_000 }).pipe(map(({ number }) => number));
    assert.equal(await lastValueFrom(numbers$), 99);
    const data = Buffer.alloc(1 << 20, 'x');
    assert.equal((await lastValueFrom(client.consume([{ data }, { data }]))).bytes, 2n << 20n);
    assert.equal((await lastValueFrom(client.exchange(of({ number: 1 }, { number: 2 })))).number, 2);
    await assert.rejects(lastValueFrom(client.fail({ code: 6, message: 'no' })), hasStatus(6));
  });

  both('a hundred servers are brokered in one run', async (accepting, dialing) => {
    for (let i = 0; i < 100; i++) {
      const id = accepting.nextId();
      const serving = accepting.acceptAndServe(id, registerProbe).subscribe();
      const channel = await dialing.dial(id);
      assert.equal(await echo(channel, String(i)), String(i));
      if (i % 2 === 0) await channel.close();
      if (i % 3 === 0) serving.unsubscribe();
    }
    assert.deepEqual([accepting.counts.accepting, dialing.counts.channels], [66, 50]);
  });

  both('accept gives connections for a server of one’s own', async (accepting, dialing) => {
    const server = createGrpcServer();
    registerProbe(server);
    const accepting$ = accepting.accept(1).subscribe((connection) => server.inject(connection));
    await using channel = await dialing.dial(1);
    assert.equal(await echo(channel, 'own'), 'own');
    accepting$.unsubscribe();
    // The connection belongs to the server: it outlives the listener.
    assert.equal(await echo(channel, 'still'), 'still');
    await server.close();
  });
}

function ids(on: On, both: Both): void {
  on('B-01 each side counts its ids from 1', async ({ host, plugin }) => {
    assert.deepEqual([host.nextId(), host.nextId(), host.nextId()], [1, 2, 3]);
    assert.deepEqual([plugin.nextId(), plugin.nextId()], [1, 2]);
  });

  on('B-07 equal ids of both sides do not interfere', async ({ host, plugin }) => {
    const ofHost = host.acceptAndServe(1, registerProbe).subscribe();
    await using toHost = await plugin.dial(1);
    const ofPlugin = plugin.acceptAndServe(1, registerProbe).subscribe();
    await using toPlugin = await host.dial(1);
    ofHost.unsubscribe();
    assert.equal(await echo(toPlugin, 'plugin'), 'plugin');
    await assert.rejects(echo(toHost, 'host'), hasStatus(status.UNAVAILABLE));
    ofPlugin.unsubscribe();
  });

  both('an id is accepted once, not twice, and not again soon after', async (accepting, dialing) => {
    const serving = accepting.acceptAndServe(5, registerProbe).subscribe();
    await assert.rejects(lastValueFrom(accepting.accept(5)), hasCode('ERR_BROKER'));
    await using channel = await dialing.dial(5);
    assert.equal(await echo(channel, 'undisturbed'), 'undisturbed');
    serving.unsubscribe();
    await assert.rejects(lastValueFrom(accepting.accept(5)), hasCode('ERR_BROKER'));
  });

  on('what is no id is refused', async ({ host }) => {
    for (const id of [-1, 1.5, 2 ** 32, Number.NaN])
      await assert.rejects(lastValueFrom(host.acceptAndServe(id, registerProbe)), hasCode('ERR_OPTIONS'));
  });

  both(
    'nothing happens before the subscription, and nothing is announced for a server that cannot be created',
    async (a, b) => {
      const announced: number[] = [];
      b.requests$.subscribe(({ id }) => announced.push(id));
      a.acceptAndServe(1, registerProbe);
      const twice$ = a.acceptAndServe(1, (server) => {
        registerProbe(server);
        registerProbe(server);
      });
      await assert.rejects(lastValueFrom(twice$), hasCode('ERR_OPTIONS'));
      await using channel = await meet(a, b, 2);
      assert.equal(await echo(channel, ''), '');
      assert.ok(!announced.includes(1));
    },
  );
}

function scopes({ options }: BrokerSetting, both: Both): void {
  const lent = (accepting: GrpcBroker, dialing: GrpcBroker, text: string) =>
    accepting.lend(ProbeDefinition, probe(), (id) =>
      dialing.borrow(ProbeDefinition, id, (client) => client.echo({ data: Buffer.from(text) })),
    );
  /** Ends what has not ended; a stream counts as ended when the peer knows it as well. */
  const nothingIsLeft = async (...brokers: readonly GrpcBroker[]) => {
    for (const { counts } of brokers) assert.deepEqual({ ...counts, streams: 0 }, NOTHING);
    await settled(() => brokers.every(({ counts }) => counts.streams === (options.multiplex === true ? 1 : 0)));
  };

  both('a service that is lent is called by who borrows it, and nothing is left of it', async (accepting, dialing) => {
    const lent$ = lent(accepting, dialing, 'lent');
    await nothingIsLeft(accepting, dialing);
    for (let i = 0; i < 3; i++) {
      const { data } = await lastValueFrom(lent$);
      assert.equal(Buffer.from(data).toString(), 'lent');
      await nothingIsLeft(accepting, dialing);
    }
    assert.equal(accepting.nextId(), 4);
  });

  both('a lent service ends with a call that fails', async (accepting, dialing) => {
    const lent$ = accepting.lend(ProbeDefinition, probe(), (id) =>
      dialing.borrow(ProbeDefinition, id, () => throwError(() => new Error('the call fails'))),
    );
    await assert.rejects(lastValueFrom(lent$), /the call fails/);
    await nothingIsLeft(accepting, dialing);
  });

  both('a lent service ends with a call that throws at once', async (accepting) => {
    const lent$ = accepting.lend(ProbeDefinition, probe(), () => {
      throw new Error('no call');
    });
    await assert.rejects(lastValueFrom(lent$), /no call/);
    await nothingIsLeft(accepting);
  });

  both('a lent service ends when nobody is subscribed any more', async (accepting, dialing) => {
    const using$ = accepting.lend(ProbeDefinition, probe(), (id) =>
      dialing.borrow(ProbeDefinition, id, (client) => client.hangStream({ token: 'x' })),
    );
    const subscription = using$.subscribe();
    await using channel = await meet(accepting, dialing, 99);
    subscription.unsubscribe();
    assert.deepEqual(accepting.counts.accepting, 1);
    assert.equal(await echo(channel, 'other'), 'other');
    await settled(() => dialing.counts.channels === 1 && dialing.counts.pending === 0);
  });

  both('a borrower may use promises', async (accepting, dialing) => {
    const lent$ = accepting.lend(ProbeDefinition, probe(), (id) =>
      dialing.borrow(ProbeDefinition, id, async (client) => {
        const { number } = await firstValueFrom(client.echo({ number: 1 }));
        return (await firstValueFrom(client.echo({ number: number + 1 }))).number;
      }),
    );
    assert.equal(await firstValueFrom(lent$), 2);
    await nothingIsLeft(accepting, dialing);
  });

  both('several services are lent at once', async (accepting, dialing) => {
    const texts = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'];
    const answers = await Promise.all(texts.map((text) => lastValueFrom(lent(accepting, dialing, text))));
    assert.deepEqual(
      answers.map(({ data }) => Buffer.from(data).toString()),
      texts,
    );
    await nothingIsLeft(accepting, dialing);
  });
}

function ends(setting: BrokerSetting, on: On, both: Both): void {
  const onImpatient = withBrokers(impatient(setting, 500));
  onImpatient('B-04 M-05 dialing what nobody accepts fails in time, on both sides', async ({ host, plugin }) => {
    await Promise.all([
      assert.rejects(host.dial(1), hasCode('ERR_BROKER_TIMEOUT')),
      assert.rejects(plugin.dial(1), hasCode('ERR_BROKER_TIMEOUT')),
    ]);
    assert.deepEqual([host.counts.channels, plugin.counts.channels], [0, 0]);
    // The wait of one does not spoil the next.
    await using channel = await meet(host, plugin, 2);
    assert.equal(await echo(channel, 'next'), 'next');
  });

  both('a dial can be given up', async (_accepting, dialing) => {
    const abort = new AbortController();
    const dialed = dialing.dial(1, { signal: abort.signal });
    const reason = new Error('changed my mind');
    abort.abort(reason);
    await assert.rejects(dialed, reason);
    await assert.rejects(dialing.dial(1, { signal: abort.signal }), reason);
    assert.deepEqual(dialing.counts.channels, 0);
  });

  both('B-11 closing a broker ends what it serves and what it dialed', async (accepting, dialing) => {
    const completed = lastValueFrom(accepting.acceptAndServe(1, registerProbe));
    const channel = await dialing.dial(1);
    const client = createGrpcClient(channel, ProbeDefinition);
    const hanging = lastValueFrom(client.hangStream({ token: 'closed' }));
    await lastValueFrom(client.observe({ token: 'closed' }));
    const waiting = accepting.dial(3);
    await Promise.all([
      accepting.close(),
      assert.rejects(hanging, hasStatus(status.UNAVAILABLE)),
      assert.rejects(waiting, hasCode('ERR_CLOSED')),
    ]);
    assert.equal(await completed, 1);
    const { accepting: ids, channels, pending } = accepting.counts;
    assert.deepEqual([ids, channels, pending], [0, 0, 0]);
    await accepting.close();
    await assert.rejects(accepting.dial(1), hasCode('ERR_CLOSED'));
    await assert.rejects(lastValueFrom(accepting.acceptAndServe(2, registerProbe)), hasCode('ERR_CLOSED'));
    await assert.rejects(lastValueFrom(accepting.lend(ProbeDefinition, probe(), () => NEVER)), hasCode('ERR_CLOSED'));
  });

  on('a broker that is closed while it begins to listen leaves nothing', async ({ host }) => {
    const serving = lastValueFrom(host.acceptAndServe(1, registerProbe));
    await Promise.all([host.close(), assert.rejects(serving, hasCode('ERR_CLOSED'))]);
    assert.equal(host.counts.accepting, 0);
  });

  on('unsubscribing while it begins to listen leaves nothing', async ({ host, plugin }) => {
    host.acceptAndServe(1, registerProbe).subscribe().unsubscribe();
    await using channel = await meet(host, plugin, 2);
    assert.equal(await echo(channel, ''), '');
    assert.equal(host.counts.accepting, 1);
  });

  on('B-10 accepting after the end of the main connection fails', async ({ host, plugin, mainChannel }) => {
    // The plugin has received the host's call.
    await using _channel = await meet(host, plugin, 2);
    const ended = lastValueFrom(plugin.requests$).catch((error) => assert.ok(error instanceof EmptyError));
    await mainChannel.close();
    await ended;
    for (const broker of [host, plugin]) {
      await assert.rejects(lastValueFrom(broker.acceptAndServe(1, registerProbe)), hasCode('ERR_CLOSED'));
      await assert.rejects(broker.dial(1), hasCode('ERR_CLOSED'));
    }
  });

  on('streams that are open when everything ends fail, and nothing is left', async ({ host, plugin, pair }) => {
    const failures: Promise<void>[] = [];
    for (const [accepting, dialing] of [
      [host, plugin],
      [plugin, host],
    ] as const) {
      const channel = await meet(accepting, dialing, 1);
      const client = createGrpcClient(channel, ProbeDefinition);
      failures.push(assert.rejects(lastValueFrom(client.hangStream({ token: 'end' })), (error) => GrpcError.is(error)));
      await lastValueFrom(client.observe({ token: 'end' }));
    }
    await pair.dispose();
    await Promise.all(failures);
  });
}

/** A channel to a probe that is served at the id until its broker ends. */
export function meet(accepting: GrpcBroker, dialing: GrpcBroker, id: number) {
  accepting.acceptAndServe(id, registerProbe).subscribe();
  return dialing.dial(id);
}

/** Resolves when the condition has come about; bounded. */
export async function settled(condition: () => boolean): Promise<void> {
  const deadline = Date.now() + 60_000;
  while (!condition()) {
    assert.ok(Date.now() < deadline, 'it did not come about');
    await lastValueFrom(timer(1));
  }
}
