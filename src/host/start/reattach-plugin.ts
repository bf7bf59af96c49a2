import { errorMessage, HandshakeError, PluginError, StartError } from '../../errors.js';
import type { PluginSet } from '../../protocols/contract.js';
import { attachProcess } from '../../runners/process/attached-process.js';
import type { AttachedRunner } from '../../runners/runner.js';
import { type Address, SAME_ADDRESSES } from '../../wire/handshake/address.js';
import type { ReattachConfig } from '../../wire/handshake/reattach-config.js';
import type { AttachFunction, AttachLaunch } from '../launch-options.js';
import { connect } from './connect.js';
import { type PluginSockets, socketsOfAttached } from './plugin-sockets.js';
import type { ConnectedPlugin, StartContext } from './start-context.js';

/**
 * Connects to a plugin that runs already (go-plugin client.go reattach, which connects with the first dispense only). Rejects with a
 * PluginError, or with the reason of `abort`.
 */
export async function reattachPlugin(
  { config, attach }: AttachLaunch,
  context: StartContext,
): Promise<ConnectedPlugin> {
  const { options, abort, streams, acquired } = context;
  const address: Address = { network: config.network, address: config.address };
  const sockets = socketsOfAttached(options);
  acquired.sockets = sockets;
  const runner = await (attach === undefined ? attachTo(config, sockets, context) : attachBy(attach, config));
  acquired.runner = runner;
  streams.follow(runner);
  abort.signal.throwIfAborted();
  const { protocolVersion, plugins } = pluginsOf(config, context);
  const destination = { protocol: config.protocol, plugins, address, tls: options.tls, multiplex: false };
  const protocol = await connect(runner, sockets, destination, context);
  return { resources: { sockets, runner, protocol }, protocolVersion, address };
}

/** Attaches to the process, after a connection that is closed at once has shown that the plugin listens. A plugin ignores such a connection. */
function attachTo(config: ReattachConfig, sockets: PluginSockets, context: StartContext): Promise<AttachedRunner> {
  const { network, address } = config;
  const dialer = context.parts.createNetwork(SAME_ADDRESSES, sockets.where).dialerTo({ network, address });
  const probe = async (): Promise<void> => {
    (await dialer.dial({ signal: context.abort.signal })).destroy();
  };
  // The options were validated: without an `attach` function there is a pid.
  const { pid = 0, startTime } = config;
  return attachProcess({ pid, probe, ...(startTime === undefined ? {} : { startTime }) });
}

async function attachBy(attach: AttachFunction, config: ReattachConfig): Promise<AttachedRunner> {
  try {
    return await attach(config);
  } catch (cause) {
    if (PluginError.is(cause)) throw cause;
    const why = errorMessage(cause);
    throw new StartError('ERR_PROCESS_NOT_FOUND', `The plugin was not found by the \`attach\` function: ${why}.`, {
      cause,
    });
  }
}

interface ChosenSet {
  readonly protocolVersion: number;
  readonly plugins: PluginSet;
}

/** go-plugin ignores versioned sets here; rxplug takes the one of the config's version, and else the one of the base version. */
function pluginsOf({ protocolVersion, test }: ReattachConfig, { options }: StartContext): ChosenSet {
  const base = options.handshake.protocolVersion;
  const isKnown = options.versions.has(protocolVersion);
  const plugins = options.versions.get(isKnown ? protocolVersion : base);
  if (plugins !== undefined) return { protocolVersion: isKnown || test ? protocolVersion : base, plugins };
  const hostVersions = [...options.versions.keys()];
  throw new HandshakeError(
    'ERR_APP_VERSION_MISMATCH',
    `The plugin speaks protocol version ${protocolVersion}, this host knows ${hostVersions.join(', ')}. Update the older of the two.`,
    { details: { pluginVersion: protocolVersion, hostVersions } },
  );
}
