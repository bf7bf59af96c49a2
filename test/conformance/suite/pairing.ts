import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type GrpcEngine, resolveGrpcEngine } from '../../../src/protocols/grpc/shared/grpc-engine.js';
import type { DrivenClient, DrivenObject, HostConfig, HostDriver, Started } from '../driver.js';
import type { Command, PluginFlags } from '../peers.js';
import { type Probe, probeOf } from './probe.js';

/** A host and a plugin that are to get along, and how they are configured. */
export interface Pairing {
  /** For test names: `Go host, Go plugin`. */
  readonly name: string;
  readonly host: 'go' | 'ours';
  readonly plugin: 'go' | 'ours';
  /** Options of every test, such as a reason to skip it. */
  readonly options: { readonly skip: string | false };
  /** What the two ends cannot do together. */
  readonly lacks?: readonly Ability[];
  /** Where the suites register their tests. @default node:test */
  readonly register?: Register;
  /** A new host that, with its plugins, keeps its temporary files in a directory. */
  startHost(tempDir: string): Promise<HostDriver>;
  /** The command line of the plugin program with flags. */
  pluginCommand(flags: PluginFlags): Promise<Command>;
  /** What our ends stand on. @default that of the whole run */
  readonly grpcEngine?: GrpcEngine;
  /** What every client of this pairing is configured with, and every plugin's flags. */
  readonly config?: Partial<HostConfig>;
  readonly flags?: PluginFlags;
}

/** What a pair of ends may be able to do. */
export type Ability =
  | 'broker'
  | 'multiplex'
  | 'netrpc'
  | 'checksum'
  | 'reattach'
  | 'test-mode'
  | 'managed'
  /** A plugin dials brokered connections, also under AutoMTLS. */
  | 'plugin-dials'
  /** The plugin has the same pid for its host and for itself. */
  | 'same-pid'
  /** The plugin's process can be looked at by its id. */
  | 'known-pid'
  | 'dies-alone';

/** Registers a test, as node:test's `test` does. */
export type Register = (name: string, options: { readonly skip: string | false }, body: () => Promise<void>) => unknown;

/** Whether both ends can do something. */
export function can(pairing: Pairing, ability: Ability): boolean {
  return pairing.lacks?.includes(ability) !== true;
}

/** How one scenario differs from the plain case. */
export interface Setup {
  readonly config?: Partial<HostConfig>;
  readonly flags?: PluginFlags;
  /** Why a host of ours cannot pass on grpc-js's own channel. */
  readonly notStock?: string;
}

/** A started plugin and its host. */
export interface Scene {
  readonly host: HostDriver;
  readonly client: DrivenClient;
  readonly started: Started;
  /** The temporary directory of host and plugin. */
  readonly tempDir: string;
  readonly dispense: (name: string) => Promise<DrivenObject>;
  /** Dispenses a probe. */
  readonly probe: () => Promise<Probe>;
}

/** The configuration of a client that runs the pairing's plugin. */
export async function configOf(pairing: Pairing, setup: Setup = {}): Promise<HostConfig> {
  const command = await pairing.pluginCommand({ ...pairing.flags, ...setup.flags });
  return { command, ...pairing.config, ...setup.config };
}

/** Registers a test in which the plugin is started first, and has to end by itself afterwards. */
export function scenario(
  pairing: Pairing,
  name: string,
  body: (scene: Scene) => Promise<void>,
  setup: Setup = {},
): void {
  hosted(
    pairing,
    name,
    async (host, tempDir) => {
      const client = await host.create(await configOf(pairing, setup));
      const started = await client.start();
      const probe = async () => probeOf(await client.dispense('probe'), started.protocol);
      await body({ host, client, started, tempDir, dispense: (plugin) => client.dispense(plugin), probe });
      await client.stop();
      endedInPeace(pairing, client, started.protocol);
    },
    setup.notStock,
  );
}

/** Registers a test that gets a host and starts plugins by itself; what they leave in their temporary directory is removed. */
export function hosted(
  pairing: Pairing,
  name: string,
  body: (host: HostDriver, tempDir: string) => Promise<void>,
  notStock?: string,
): void {
  const register = pairing.register ?? test;
  const options =
    notStock !== undefined && isStockHost(pairing) ? { skip: `stock grpc-js: ${notStock}` } : pairing.options;
  register(`${name} (${pairing.name})`, options, async () => {
    const tempDir = await mkdtemp(join(tmpdir(), 'peers-'));
    const host = await pairing.startHost(tempDir);
    try {
      await body(host, tempDir);
    } finally {
      await host.dispose();
      await rm(tempDir, { recursive: true, force: true });
    }
  });
}

/** Whether the host is ours, on grpc-js's own channel. */
function isStockHost(pairing: Pairing): boolean {
  return pairing.host === 'ours' && resolveGrpcEngine(pairing.grpcEngine) === 'grpc-js';
}

/** Whether the pairing speaks net/rpc. */
export function isNetRpc(pairing: Pairing): boolean {
  return pairing.config?.protocol === 'netrpc';
}

/**
 * Asserts that a stopped plugin did not have to be ended by force. go-plugin: a Go plugin over net/rpc may be gone before it has
 * answered Quit, and a Go host then kills it.
 */
export function endedInPeace(
  pairing: Pairing,
  client: DrivenClient,
  protocol: string | undefined = pairing.config?.protocol,
): void {
  if (protocol === 'netrpc' && pairing.plugin === 'go' && pairing.host === 'go') return;
  assert.equal(client.forced(), false, 'the plugin had to be ended by force');
}
