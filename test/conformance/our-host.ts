import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { ContainerModule } from 'inversify';
import { filter, firstValueFrom } from 'rxjs';
import {
  type ClientOptions,
  createClient,
  type GrpcEngine,
  grpcPlugin,
  type HostAssemblyOptions,
  type LogEntry,
  netRpcPlugin,
  type PluginClient,
  type PluginContract,
  type ProtocolName,
  type ReattachConfig,
  type RunnerFactory,
  type TlsConfig,
} from 'rxplug';
import { CLIENT_REGISTRY, ClientRegistry } from 'rxplug/di';
import { bounded } from './bounded.js';
import type { DrivenClient, DrivenLog, DrivenObject, HostConfig, HostDriver, Reattach, Started } from './driver.js';
import { OurObject } from './our-object.js';
import { OurRpcObject } from './our-rpc-object.js';
import { Recorder } from './recorder.js';

/** Our host in this very process, as a HostDriver. */
export class OurHost implements HostDriver {
  readonly name = 'our host';
  readonly pid = process.pid;
  readonly #tempDir: string;
  readonly #grpcEngine: GrpcEngine | undefined;
  readonly #runnerFor: RunnerFor | undefined;
  readonly #clients: OurClient[] = [];
  readonly #registry = new ClientRegistry();

  /** `grpcEngine`: not the default one. `runnerFor`: runs commands otherwise than as processes. */
  constructor(tempDir: string, grpcEngine?: GrpcEngine, runnerFor?: RunnerFor) {
    this.#tempDir = tempDir;
    this.#grpcEngine = grpcEngine;
    this.#runnerFor = runnerFor;
  }

  async create(config: HostConfig): Promise<OurClient> {
    const env = { TMPDIR: this.#tempDir, ...config.env };
    const options = clientOptionsOf({ ...config, env }, this.#runnerFor);
    const engine = this.#grpcEngine === undefined ? {} : { grpcEngine: this.#grpcEngine };
    const client = new OurClient({ ...options, ...engine }, this.#registry);
    this.#clients.push(client);
    return client;
  }

  cleanup(): Promise<void> {
    return this.#registry.cleanup();
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.stop()));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

type Drivable = Readonly<Record<string, PluginContract<DrivenObject>>>;

/** What our host gives the tests of each plugin: enough to call anything. */
const OVER_GRPC = grpcPlugin<DrivenObject, never>({ client: (context) => new OurObject(context), serve: () => {} });
const OVER_NET_RPC = netRpcPlugin<DrivenObject, never>({
  client: (context) => new OurRpcObject(context),
  serve: () => new Map(),
});
const SETS: Readonly<Record<ProtocolName, Drivable>> = {
  grpc: { kv: OVER_GRPC, probe: OVER_GRPC },
  // The last is a name that no plugin serves.
  netrpc: { kv: OVER_NET_RPC, greeter: OVER_NET_RPC, probe: OVER_NET_RPC, absent: OVER_NET_RPC },
};

/** What runs a command. */
export type RunnerFor = (command: readonly [string, ...string[]]) => RunnerFactory;

function clientOptionsOf(
  config: HostConfig,
  runnerFor: RunnerFor | undefined,
): Omit<ClientOptions<Drivable>, 'stderr'> {
  const { cookie, versions, minPort, maxPort, startTimeoutMs, logBufferBytes, tls } = config;
  const sets = Object.entries(versions ?? {}).map(([version, protocol]) => [version, SETS[protocol]] as const);
  return {
    ...launchOf(config, runnerFor),
    handshake: {
      protocolVersion: config.appVersion ?? 1,
      magicCookieKey: cookie?.key ?? 'RXPLUG_CONFORMANCE',
      magicCookieValue: cookie?.value ?? 'hello',
    },
    allowedProtocols: config.allowedProtocols ?? ['grpc', 'netrpc'],
    env: config.env ?? {},
    skipHostEnv: config.skipHostEnv ?? false,
    autoMtls: config.autoMtls ?? false,
    managed: config.managed ?? false,
    grpcBrokerMultiplex: config.multiplex ?? false,
    ...(versions === undefined
      ? { plugins: SETS[config.protocol ?? 'grpc'] }
      : { versionedPlugins: Object.fromEntries(sets) }),
    ...(minPort === undefined || maxPort === undefined ? {} : { ports: { min: minPort, max: maxPort } }),
    ...(startTimeoutMs === undefined ? {} : { startTimeoutMs }),
    ...(logBufferBytes === undefined ? {} : { maxLogLineBytes: logBufferBytes }),
    ...(tls === undefined ? {} : { tls: tlsOf(tls) }),
  };
}

/** The tests hand over what a Go host may have given, and what they have made up. */
function launchOf({ command, reattach, endpoint, checksum }: HostConfig, runnerFor: RunnerFor | undefined) {
  if (endpoint !== undefined) return { endpoint: { address: endpoint } };
  if (reattach !== undefined) return { reattach: reattach as Reattach & ReattachConfig };
  if (command === undefined) throw new Error('Expected a command or a reattach configuration.');
  if (runnerFor !== undefined) return { runner: runnerFor(command as readonly [string, ...string[]]) };
  return {
    command,
    ...(checksum === undefined ? {} : { secureConfig: { checksum, hash: 'sha256', file: command[0] } }),
  };
}

function tlsOf({ directory, serverName }: NonNullable<HostConfig['tls']>): TlsConfig {
  const read = (name: string) => readFileSync(join(directory, name), 'utf8');
  return { cert: read('cert.pem'), key: read('key.pem'), ca: read('ca.pem'), serverName };
}

type OurClientOptions = Omit<ClientOptions<Drivable>, 'stderr'> & HostAssemblyOptions;

class OurClient implements DrivenClient {
  readonly logs = new Recorder<DrivenLog>();
  readonly stdout = new Recorder<Uint8Array>();
  readonly stderr = new Recorder<Uint8Array>();
  readonly rawStderr = new Recorder<Uint8Array>();
  readonly #client: PluginClient<Drivable>;
  #signal: string | null = null;

  constructor(options: OurClientOptions, registry: ClientRegistry) {
    const stderr = new Writable({
      write: (chunk: Buffer, _encoding, done) => {
        this.rawStderr.push(Buffer.from(chunk));
        done();
      },
    });
    const module = new ContainerModule(({ bind }) => void bind(CLIENT_REGISTRY).toConstantValue(registry));
    const given = { ...options, stderr } as ClientOptions<Drivable> & HostAssemblyOptions;
    this.#client = createClient({ ...given, modules: [module] });
    // A test may wait for the plugin to end with nothing else going on.
    this.#client.ref();
    this.#client.logs$.subscribe((entry) => this.logs.push(logOf(entry)));
    this.#client.syncStdout$.subscribe((chunk) => this.stdout.push(chunk));
    this.#client.syncStderr$.subscribe((chunk) => this.stderr.push(chunk));
    this.#client.exit$.subscribe(({ signal }) => {
      this.#signal = signal;
    });
  }

  async start(): Promise<Started> {
    await this.#client.start();
    const state = await firstValueFrom(this.#client.state$);
    if (state.status !== 'running') throw new Error(`Started, and then ${state.status}.`);
    const { id, protocol, protocolVersion: version, address } = state;
    return { network: address.network, address: address.address, protocol, version, id };
  }

  async dispense(name: string): Promise<DrivenObject> {
    return await this.#client.dispense(name);
  }

  ping(): Promise<void> {
    return this.#client.ping();
  }

  stop(): Promise<void> {
    return this.#client.stop();
  }

  async exited(): Promise<boolean> {
    return this.#client.exited;
  }

  async gone(): Promise<void> {
    // A plugin alone does not keep its host alive: the bound does.
    const exited = firstValueFrom(this.#client.state$.pipe(filter(({ status }) => status === 'exited')));
    await bounded(exited, 'the end of the plugin');
  }

  forced(): boolean {
    return this.#signal === 'SIGKILL';
  }

  async reattachConfig(): Promise<Reattach | undefined> {
    const state = await firstValueFrom(this.#client.state$);
    if (state.status !== 'running') return undefined;
    const { pid = 0, startTime: _, id: __, ...config } = await this.#client.reattachConfig();
    return { ...config, pid };
  }
}

function logOf({ level, module, message, timestamp, fields }: LogEntry): DrivenLog {
  return { level, name: '', module, message, timestamp, fields };
}
