import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { firstValueFrom, NEVER, type Observable } from 'rxjs';
import type { GrpcChannel } from '../../../src/protocols/grpc/client/channel.js';
import { createGrpcClient } from '../../../src/protocols/grpc/client/client.js';
import { createGrpcChannel } from '../../../src/protocols/grpc/engine.js';
import { HealthDefinition } from '../../../src/protocols/grpc/gen/grpc/health/v1/health.js';
import { GRPCBrokerDefinition } from '../../../src/protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { GRPCStdioDefinition } from '../../../src/protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import { dialerTo } from '../../../src/transports/sockets/dial.js';
import { ProbeDefinition } from '../gen/probe.js';
import type { Command, PluginFlags } from '../peers.js';
import type { Register } from './pairing.js';
import { RawPlugin } from './raw-plugin.js';

/** A plugin program on its own. */
export interface Program {
  readonly name: string;
  readonly options: { readonly skip: string | false };
  /** Where the suite registers its tests. @default node:test */
  readonly register?: Register;
  command(flags: PluginFlags): Promise<Command>;
  /** Whether it can be told to listen on TCP, by `--tcp`. */
  readonly tcp: boolean;
}

/** The cookie that the programs want. */
export const COOKIE = { RXPLUG_CONFORMANCE: 'hello' };

/** What a plugin does before, and while, it announces itself, seen without a host. */
export function programSuite(program: Program): void {
  cookies(program);
  announcements(program);
  versions(program);
  sockets(program);
  strangeHosts(program);
}

/** Registers a test that runs the program once. */
export function run(
  program: Program,
  name: string,
  env: NodeJS.ProcessEnv,
  flags: PluginFlags,
  body: (plugin: RawPlugin) => Promise<void>,
): void {
  const register = program.register ?? test;
  register(`${name} (${program.name})`, program.options, async () => {
    const plugin = await RawPlugin.run(await program.command(flags), env);
    try {
      await body(plugin);
    } finally {
      await plugin[Symbol.asyncDispose]();
    }
  });
}

function cookies(program: Program): void {
  const cases: readonly (readonly [string, NodeJS.ProcessEnv, PluginFlags])[] = [
    ['P-01 without cookie it tells a human what it is and exits with 1', {}, {}],
    ['P-01 with another cookie it tells a human what it is and exits with 1', { RXPLUG_CONFORMANCE: 'hallo' }, {}],
    ['P-02 without a configured cookie it complains and exits with 1', COOKIE, { 'cookie-key': '' }],
    ['P-02 without a configured cookie value it complains and exits with 1', COOKIE, { 'cookie-value': '' }],
  ];
  for (const [name, env, flags] of cases) {
    run(program, name, env, flags, async (plugin) => {
      const { code, stdout, stderr } = await plugin.ending();
      assert.deepEqual([code, stdout], [1, '']);
      assert.match(stderr, /plugin/i);
    });
  }
}

function announcements(program: Program): void {
  run(program, 'P-03 P-04 it prints one line of six fields and nothing else', COOKIE, {}, async (plugin) => {
    assert.match(await plugin.line(), /^1\|1\|(unix\|\/[^|]+|tcp\|127\.0\.0\.1:\d+)\|grpc\|$/);
    assert.equal(plugin.stdout.indexOf('\n'), plugin.stdout.length - 1);
  });

  for (const value of ['true', 'false', 'nonsense']) {
    const env = { ...COOKIE, PLUGIN_MULTIPLEX_GRPC: value };
    run(program, `P-05 asked for multiplexing with "${value}" it adds a seventh field`, env, {}, async (plugin) => {
      assert.match(await plugin.line(), /^1\|1\|[^|]+\|[^|]+\|grpc\|\|true$/);
    });
  }

  run(program, 'P-11 its socket accepts connections once the line is there', COOKIE, {}, async (plugin) => {
    const [, , network, address = ''] = (await plugin.line()).split('|');
    const socket = network === 'unix' ? connect(address) : connect(Number(address.split(':')[1]), '127.0.0.1');
    await once(socket, 'connect');
    socket.destroy();
  });
}

function versions(program: Program): void {
  const cases: readonly (readonly [string, string | undefined, string])[] = [
    ['P-07 the highest common version is chosen, whatever the order', '3,12,5', '5'],
    ['P-08 without a common version the lowest is announced', '8,9', '3'],
    ['P-08 without a list of versions the lowest is announced', undefined, '3'],
    ['P-08 with an empty list of versions the lowest is announced', '', '3'],
    ['P-09 items that are no numbers are skipped', 'x,4,,5.5,-', '4'],
  ];
  for (const [name, offered, expected] of cases) {
    const env = offered === undefined ? COOKIE : { ...COOKIE, PLUGIN_PROTOCOL_VERSIONS: offered };
    run(program, name, env, { versions: '4=grpc,3=grpc,5=grpc' }, async (plugin) => {
      assert.equal((await plugin.line()).split('|')[1], expected);
    });
  }
}

function sockets(program: Program): void {
  if (process.platform === 'win32') return;
  const register = program.register ?? test;
  const name = `P-12 P-13 its socket is made where and for whom the host says (${program.name})`;
  register(name, program.options, async () => {
    const directory = await mkdtemp(join(tmpdir(), 'sockets-'));
    const group = process.getgid!();
    const env = { ...COOKIE, PLUGIN_UNIX_SOCKET_DIR: directory, PLUGIN_UNIX_SOCKET_GROUP: String(group) };
    const plugin = await RawPlugin.run(await program.command({}), env);
    try {
      const address = (await plugin.line()).split('|')[3]!;
      assert.equal(dirname(address), directory);
      const { gid, mode } = await stat(address);
      assert.deepEqual([gid, (mode & 0o777).toString(8)], [group, '660']);
    } finally {
      await plugin[Symbol.asyncDispose]();
      await rm(directory, { recursive: true });
    }
  });

  run(program, 'P-12 without a directory its socket is made in the temporary directory', COOKIE, {}, async (plugin) => {
    const address = (await plugin.line()).split('|')[3]!;
    assert.ok(address.startsWith(plugin.tempDir), address);
  });

  if (!program.tcp) return;
  const ports = { PLUGIN_MIN_PORT: '21000', PLUGIN_MAX_PORT: '21500' };
  run(program, 'P-14 a TCP port of the range is taken', { ...COOKIE, ...ports }, { tcp: true }, async (plugin) => {
    const [, , network, address = ''] = (await plugin.line()).split('|');
    const [host, port] = address.split(':');
    assert.deepEqual([network, host], ['tcp', '127.0.0.1']);
    assert.ok(Number(port) >= 21_000 && Number(port) <= 21_500, address);
  });
}

type Opening = (channel: GrpcChannel) => Observable<unknown>;

const STDIO: Opening = (channel) => createGrpcClient(channel, GRPCStdioDefinition).streamStdio({});
const BROKER: Opening = (channel) => createGrpcClient(channel, GRPCBrokerDefinition).startStream(NEVER);
const PING: Opening = (channel) => createGrpcClient(channel, HealthDefinition).check({ service: 'plugin' });
const CALL: Opening = (channel) => createGrpcClient(channel, ProbeDefinition).echo({ number: 1 });

/** Hosts that do things in an order, and under a name, of their own. */
function strangeHosts(program: Program): void {
  const orders: readonly (readonly [string, readonly Opening[]])[] = [
    ['ping, stdio, call, broker', [PING, STDIO, CALL, BROKER]],
    ['call, broker, ping, stdio', [CALL, BROKER, PING, STDIO]],
    ['broker, stdio, ping, call', [BROKER, STDIO, PING, CALL]],
  ];
  for (const [order, openings] of orders) {
    run(program, `C-04 C-13 calls come in any order, under any authority: ${order}`, COOKIE, {}, async (plugin) => {
      const [, , network, address = ''] = (await plugin.line()).split('|');
      const dialer = dialerTo({ network: network === 'tcp' ? 'tcp' : 'unix', address });
      const channel = createGrpcChannel({ dialer, authority: 'no-such-host.example' });
      try {
        // What stays open or is not served is not waited for; what is answered has to be.
        for (const open of openings) {
          const answered = open === PING || open === CALL;
          if (answered) await firstValueFrom(open(channel));
          else open(channel).subscribe({ error: () => {} });
        }
        await firstValueFrom(PING(channel));
      } finally {
        await channel.close();
      }
    });
  }
}
