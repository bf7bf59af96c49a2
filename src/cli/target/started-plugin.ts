import { cleanupOnExit, createClient, grpcPlugin, type PluginClient, type PluginContract, PluginError } from 'rxplug';
import type { GrpcChannel } from 'rxplug/grpc';
import type { CliContext } from '../process/context.js';
import { visibleLine } from '../terminal/visible.js';
import { clientOptions, hasOwnTls } from './client-options.js';
import type { TargetFlags } from './options.js';
import type { AnyTarget } from './words.js';

/** A contract that any gRPC plugin meets: its client is the connection. */
const connection = grpcPlugin({ client: ({ channel }): GrpcChannel => channel, serve: () => {} });
const plugins = { connection };
type Plugins = typeof plugins;

/** A plugin of any kind that runs. */
export interface StartedPlugin {
  readonly client: PluginClient<Plugins>;
  /** The connection to a gRPC plugin. */
  readonly channel: GrpcChannel;
  readonly autoMtls: boolean;
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
): Promise<T> {
  const removeListeners = cleanupOnExit();
  try {
    const plugin = await startWithTls(target, flags, context);
    try {
      return await use(plugin);
    } finally {
      await plugin.client.stop();
    }
  } finally {
    removeListeners();
  }
}

/** `auto` begins with AutoMTLS, and starts a plugin that has none once more in clear text. */
async function startWithTls(target: AnyTarget, flags: TargetFlags, context: CliContext): Promise<StartedPlugin> {
  if (flags.tls !== 'auto' || hasOwnTls(flags) || target.kind === 'running')
    return await start(target, flags, context, flags.tls === 'on');
  try {
    return await start(target, flags, context, true);
  } catch (error) {
    if (!PluginError.is(error) || error.code !== 'ERR_TLS_NOT_SUPPORTED') throw error;
    context.process.stderr.write('The plugin has no AutoMTLS: starting it again without.\n');
    return await start(target, flags, context, false);
  }
}

async function start(
  target: AnyTarget,
  flags: TargetFlags,
  context: CliContext,
  autoMtls: boolean,
): Promise<StartedPlugin> {
  const client = createClient<Plugins>(await clientOptions(target, flags, plugins, { autoMtls }));
  if ((flags.verbose ?? 0) > 0) printLogs(client, context, flags.verbose! > 1);
  try {
    await client.start();
    return { client, channel: await client.dispense('connection'), autoMtls };
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
