import {
  type ClientOptions,
  cleanupOnExit,
  createClient,
  grpcPlugin,
  netRpcPlugin,
  type PluginClient,
  type PluginContract,
  PluginError,
  type PluginSet,
} from 'rxplug';
import type { GrpcChannel } from 'rxplug/grpc';
import type { NetRpcClient } from 'rxplug/net-rpc';
import type { CliContext } from '../process/context.js';
import { visibleLine } from '../terminal/visible.js';
import { clientOptions, hasOwnTls } from './client-options.js';
import type { TargetFlags } from './options.js';
import type { AnyTarget } from './words.js';

/** A contract that any gRPC plugin meets: its client is the connection. */
const connection = grpcPlugin({ client: ({ channel }): GrpcChannel => channel, serve: () => {} });
/** A contract that any object of a net/rpc plugin meets. */
const object = netRpcPlugin({ client: ({ rpc }): NetRpcClient => rpc, serve: () => new Map() });

/** In a set of contracts, the name of the connection: it is not sent. */
const CONNECTION = '(connection)';
type Plugins = { readonly [CONNECTION]: typeof connection; readonly [name: string]: PluginContract };

interface Started {
  readonly client: PluginClient<Plugins>;
  readonly autoMtls: boolean;
}

/** A plugin of any kind that runs. */
export type StartedPlugin = GrpcStarted | NetRpcStarted;

export interface GrpcStarted extends Started {
  readonly protocol: 'grpc';
  readonly channel: GrpcChannel;
}

export interface NetRpcStarted extends Started {
  readonly protocol: 'netrpc';
  /** What `dispense` asks for: from `--dispense`, or the profile. */
  readonly objectName: string | undefined;
  /** The object of that name. Rejects with RemoteError where the plugin has none with this name. */
  dispense(): Promise<NetRpcClient>;
}

/** What looks at a start from its beginning to the end of the process. */
export interface StartObserver {
  /** The same options, with a runner that is looked at. */
  watching<P extends PluginSet>(options: ClientOptions<P>): ClientOptions<P>;
  /** Called before the start. */
  follow(client: Pick<PluginClient, 'handshake$' | 'logs$' | 'state$'>): void;
}

export interface StartHow {
  readonly record?: StartObserver;
  /** Asks for broker multiplexing. */
  readonly multiplex?: boolean;
}

/**
 * Starts the plugin, calls `use`, and stops it with whatever it has started, also when that fails, on signals, and when nobody reads what is
 * printed. Of a plugin that ran before only the connection is closed.
 */
export async function withPlugin<T>(
  target: AnyTarget,
  flags: TargetFlags,
  context: CliContext,
  use: (plugin: StartedPlugin) => Promise<T>,
  how: StartHow = {},
): Promise<T> {
  const removeListeners = cleanupOnExit();
  try {
    const plugin = await startWithTls(target, flags, context, how);
    try {
      return await use(plugin);
    } finally {
      await plugin.client.stop();
    }
  } finally {
    removeListeners();
  }
}

/** net/rpc: the name of the object that is looked at and called. */
function dispensedName(target: AnyTarget, { dispense }: TargetFlags): string | undefined {
  return dispense ?? (target.kind === 'program' ? target.profile?.dispense : undefined);
}

/** `auto` begins with AutoMTLS, and starts a plugin that has none once more in clear text. */
async function startWithTls(
  target: AnyTarget,
  flags: TargetFlags,
  context: CliContext,
  how: StartHow,
): Promise<StartedPlugin> {
  if (flags.tls !== 'auto' || hasOwnTls(flags) || target.kind === 'running')
    return await start(target, flags, context, flags.tls === 'on', how);
  try {
    return await start(target, flags, context, true, how);
  } catch (error) {
    if (!PluginError.is(error) || error.code !== 'ERR_TLS_NOT_SUPPORTED') throw error;
    context.process.stderr.write('The plugin has no AutoMTLS: starting it again without.\n');
    return await start(target, flags, context, false, how);
  }
}

async function start(
  target: AnyTarget,
  flags: TargetFlags,
  context: CliContext,
  autoMtls: boolean,
  { record, multiplex = false }: StartHow,
): Promise<StartedPlugin> {
  const name = dispensedName(target, flags) ?? '';
  const plugins = { [name]: object, [CONNECTION]: connection };
  const options = await clientOptions<Plugins>(target, flags, plugins, { autoMtls });
  const client = createClient<Plugins>({
    ...(record?.watching(options) ?? options),
    ...(multiplex ? { grpcBrokerMultiplex: true } : {}),
  });
  record?.follow(client);
  if ((flags.verbose ?? 0) > 0) printLogs(client, context, flags.verbose! > 1);
  try {
    await client.start();
    if (client.protocol === 'grpc')
      return { protocol: 'grpc', client, autoMtls, channel: await client.dispense(CONNECTION) };
    const dispense = async (): Promise<NetRpcClient> => (await client.dispense(name)) as NetRpcClient;
    return { protocol: 'netrpc', client, autoMtls, objectName: name === '' ? undefined : name, dispense };
  } catch (error) {
    await client.stop();
    throw error;
  }
}

function printLogs(
  client: PluginClient<{ readonly [name: string]: PluginContract }>,
  { process }: CliContext,
  all: boolean,
): void {
  client.logs$.subscribe((entry) => {
    if (all || (entry.level !== 'trace' && entry.level !== 'debug'))
      process.stderr.write(`${visibleLine(entry.raw)}\n`);
  });
}
