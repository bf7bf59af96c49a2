import { errorMessage, HandshakeError, PluginError, StartError } from '../errors.js';
import type { PluginSet } from '../protocols/contract.js';
import { attachProcess } from '../runners/process/attached-process.js';
import type { AttachedRunner } from '../runners/runner.js';
import { type Address, SAME_ADDRESSES } from '../wire/handshake/address.js';
import type { ReattachConfig } from '../wire/handshake/reattach-config.js';
import { connect } from './connect.js';
import type { Launch, LaunchContext } from './launch.js';
import type { AttachFunction, AttachLaunch } from './launch-options.js';

/** Comes to a plugin that runs already (go-plugin client.go reattach); here, unlike there, it is connected to at once. */
export function reattachPlugin({ config, attach }: AttachLaunch): Launch {
  return async (context) => {
    const { options, signal } = context;
    const address: Address = { network: config.network, address: config.address };
    const runner = await (attach === undefined ? attachTo(config, address, context) : attachBy(attach, config));
    context.onRunner(runner);
    signal.throwIfAborted();
    const { protocolVersion, plugins } = pluginsOf(config, context);
    const destination = { protocol: config.protocol, plugins, address, tls: options.tls, multiplex: false };
    return { protocol: await connect(runner, destination, context), protocolVersion, address };
  };
}

/** The process, provided that somebody listens at its address: a connection that is closed at once tells (protocol: it does no harm). */
function attachTo(config: ReattachConfig, address: Address, context: LaunchContext): Promise<AttachedRunner> {
  const dialer = context.parts.createNetwork(SAME_ADDRESSES, context.sockets).dialerTo(address);
  const probe = async (): Promise<void> => {
    (await dialer.dial({ signal: context.signal })).destroy();
  };
  // The options have seen to it that there is a pid.
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

/** go-plugin ignores versioned sets here; we take the one of the version that the config names, and else the base version's. */
function pluginsOf({ protocolVersion, test }: ReattachConfig, { options }: LaunchContext): Chosen {
  const base = options.handshake.protocolVersion;
  const known = options.versions.has(protocolVersion);
  const plugins = options.versions.get(known ? protocolVersion : base);
  if (plugins !== undefined) return { protocolVersion: known || test ? protocolVersion : base, plugins };
  const hostVersions = [...options.versions.keys()];
  throw new HandshakeError(
    'ERR_APP_VERSION_MISMATCH',
    `The plugin speaks protocol version ${protocolVersion}, this host knows ${hostVersions.join(', ')}. Update the older of the two.`,
    { details: { pluginVersion: protocolVersion, hostVersions } },
  );
}

interface Chosen {
  readonly protocolVersion: number;
  readonly plugins: PluginSet;
}
