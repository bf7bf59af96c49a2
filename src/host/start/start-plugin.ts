import { SecurityError } from '../../errors.js';
import { describeThisProcess } from '../../processes/this-process.js';
import { certificatePemOf, type Identity } from '../../transports/tls/certificate.js';
import { mutualTls, type TlsConfig } from '../../transports/tls/tls.js';
import type { Handshake } from '../../wire/handshake/parse-handshake.js';
import type { StartLaunch } from '../launch-options.js';
import { connect } from './connect.js';
import { launchRunner } from './launch-runner.js';
import { runnerSpec } from './plugin-environment.js';
import { createPluginSockets } from './plugin-sockets.js';
import { readHandshake } from './read-handshake.js';
import type { ConnectedPlugin, StartContext } from './start-context.js';

/**
 * Starts a plugin and connects to it (go-plugin client.go Start): socket directory, identity, environment, runner, handshake,
 * connection. Rejects with a PluginError, or with the reason of `abort`.
 */
export async function startPlugin(launch: StartLaunch, context: StartContext): Promise<ConnectedPlugin> {
  const { options, parts, streams, acquired, onPhase } = context;
  const sockets = await createPluginSockets(options);
  acquired.sockets = sockets;
  const identity = options.autoMtls ? await parts.certificateAuthority.issue() : undefined;
  const spec = runnerSpec(launch, sockets, identity, await describeThisProcess(), context);
  const runner = await launchRunner(launch, spec, context);
  // Not awaited, nor when the plugin is released: a runner may never tell. A note that comes after the directory is gone is not written.
  void sockets.noteOwners(runner);
  onPhase('handshaking');
  const handshake = await readHandshake(runner, context);
  streams.onHandshake(handshake);
  onPhase('connecting');
  const { protocol: name, appVersion: protocolVersion, address, multiplexed: multiplex } = handshake;
  const plugins = options.versions.get(protocolVersion) ?? {};
  const tls = options.tls ?? (identity === undefined ? undefined : autoMtls(identity, handshake));
  const protocol = await connect(runner, sockets, { protocol: name, plugins, address, tls, multiplex }, context);
  sockets.sweep();
  return { resources: { sockets, runner, protocol }, protocolVersion, address };
}

/** Field 6 carries the only certificate that is trusted. Without it the connection is refused, never made in plain text. */
function autoMtls(identity: Identity, { serverCertificate }: Handshake): TlsConfig {
  if (serverCertificate !== undefined) return mutualTls(identity, certificatePemOf(serverCertificate));
  throw new SecurityError(
    'ERR_TLS_NOT_SUPPORTED',
    'The plugin announced no certificate, but `autoMtls` is on. Update the plugin library that it is built with ' +
      '(go-plugin 1.0.0 or newer, and no TLS configuration of its own), or turn `autoMtls` off.',
  );
}
