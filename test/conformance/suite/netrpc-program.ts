import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { createNetRpcClient, gob, type NetRpcClient } from '../../../src/net-rpc.js';
import { CONTROL, DISPENSER } from '../../../src/protocols/netrpc/control.js';
import { YamuxBroker } from '../../../src/protocols/netrpc/yamux-broker.js';
import { dialerTo } from '../../../src/transports/sockets/dial.js';
import { createYamuxSession, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { bounded } from '../bounded.js';
import { COOKIE, type Program, run } from './plugin-program.js';
import type { RawPlugin } from './raw-plugin.js';

const FLAGS = { protocol: 'netrpc' };

/** A plugin over net/rpc, seen by who speaks to it by hand. */
export function netRpcProgramSuite(program: Program): void {
  announcements(program);
  connections(program);
  control(program);
}

function announcements(program: Program): void {
  run(program, 'P-03 P-04 over net/rpc the line says so', COOKIE, FLAGS, async (plugin) => {
    assert.match(await plugin.line(), /^1\|1\|(unix\|\/[^|]+|tcp\|127\.0\.0\.1:\d+)\|netrpc\|$/);
  });

  const versions = { ...COOKIE, PLUGIN_PROTOCOL_VERSIONS: '3,4' };
  run(
    program,
    'P-10 the protocol is that of the version',
    versions,
    { versions: '3=grpc,4=netrpc' },
    async (plugin) => {
      assert.match(await plugin.line(), /^1\|4\|[^|]+\|[^|]+\|netrpc\|$/);
    },
  );
}

function connections(program: Program): void {
  run(program, 'R-01 control answers once there are three streams', COOKIE, FLAGS, async (plugin) => {
    await using session = await connectTo(plugin);
    const client = createNetRpcClient(await session.open());
    let isAnswered = false;
    const ping = pinged(client).then(() => {
      isAnswered = true;
    });
    await session.open();
    await session.ping();
    assert.equal(isAnswered, false);
    await session.open();
    await bounded(ping, 'the answer of a ping');
  });

  run(program, 'R-01 P-21 connections have streams and objects of their own', COOKIE, FLAGS, async (plugin) => {
    await using stays = await hostOf(plugin);
    const goes = await hostOf(plugin);
    for (const { client, broker } of [stays, goes]) {
      const { args, reply } = DISPENSER.Dispense;
      assert.equal(await firstValueFrom(client.call('Dispenser.Dispense', args, 'kv', reply)), 1);
      await using kv = createNetRpcClient(await broker.dial(1));
      assert.equal(await firstValueFrom(kv.call('Plugin.Delete', gob.string, 'nothing', gob.bool)), false);
    }
    await goes[Symbol.asyncDispose]();
    await pinged(stays.client);
  });
}

function control(program: Program): void {
  run(program, 'R-04 R-14 mistakes are told in the words of Go', COOKIE, FLAGS, async (plugin) => {
    await using host = await hostOf(plugin);
    const ask = (name: string) => firstValueFrom(host.client.call(name, gob.string, 'nonsense', gob.uint32));
    for (const [name, message] of [
      ['Dispenser.Dispense', 'unknown plugin type: nonsense'],
      ['Dispenser.Nonsense', "rpc: can't find method Dispenser.Nonsense"],
      ['Plugin.Echo', "rpc: can't find service Plugin.Echo"],
      ['Ping', 'rpc: service/method request ill-formed: Ping'],
    ] as const) {
      await assert.rejects(ask(name), { code: 'ERR_REMOTE', message });
    }
    await pinged(host.client);
  });

  run(program, 'R-02 R-19 P-17 after Quit it ends, with its socket', COOKIE, FLAGS, async (plugin) => {
    await using host = await hostOf(plugin);
    // go-plugin: it may be gone before the answer is out.
    const { args, reply } = CONTROL.Quit;
    await firstValueFrom(host.client.call('Control.Quit', args, true, reply)).catch(() => {});
    assert.equal((await plugin.ending()).code, 0);
    assert.equal(existsSync(await addressOf(plugin)), false);
  });
}

function pinged(client: NetRpcClient): Promise<unknown> {
  const { args, reply } = CONTROL.Ping;
  return firstValueFrom(client.call('Control.Ping', args, true, reply));
}

async function addressOf(plugin: RawPlugin): Promise<string> {
  return (await plugin.line()).split('|')[3]!;
}

async function connectTo(plugin: RawPlugin): Promise<YamuxSession> {
  const [, , network, address = ''] = (await plugin.line()).split('|');
  const connection = await dialerTo({ network: network === 'tcp' ? 'tcp' : 'unix', address }).dial();
  return createYamuxSession(connection, { role: 'client' });
}

/** As a host connects: control, stdout and stderr. */
async function hostOf(plugin: RawPlugin) {
  const session = await connectTo(plugin);
  const streams: Duplex[] = [await session.open(), await session.open(), await session.open()];
  const broker = new YamuxBroker({ session });
  broker.start();
  return {
    client: createNetRpcClient(streams[0]!),
    broker,
    [Symbol.asyncDispose]: () => session.close(),
  };
}
