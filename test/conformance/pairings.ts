import { OurHost, type RunnerFor } from './our-host.js';
import { goPlugin, needsGo, type OldGoPlugin, ourPlugin, startGoHost } from './peers.js';
import type { Ability, Pairing } from './suite/pairing.js';

/** The baseline: what the suites say of two real peers. */
export const GO_TO_GO: Pairing = {
  name: 'Go host, Go plugin',
  host: 'go',
  plugin: 'go',
  options: needsGo(),
  startHost: startGoHost,
  pluginCommand: goPlugin,
};

/** What our host cannot do because it runs in the test's own process. */
const OUR_HOST_LACKS: readonly Ability[] = ['dies-alone'];

const startOurHost = async (tempDir: string) => new OurHost(tempDir);

export const OURS_TO_GO: Pairing = {
  ...GO_TO_GO,
  name: 'our host, Go plugin',
  host: 'ours',
  lacks: OUR_HOST_LACKS,
  startHost: startOurHost,
};

export const GO_TO_OURS: Pairing = {
  ...GO_TO_GO,
  name: 'Go host, our plugin',
  plugin: 'ours',
  pluginCommand: ourPlugin,
};

export const OURS_TO_OURS: Pairing = {
  name: 'our host, our plugin',
  host: 'ours',
  plugin: 'ours',
  lacks: OUR_HOST_LACKS,
  options: { skip: false },
  startHost: startOurHost,
  pluginCommand: ourPlugin,
};

/** The same pairing with its Go ends on an old version of go-plugin. */
export function onGoPlugin(version: OldGoPlugin, pairing: Pairing): Pairing {
  const { name, host, plugin, lacks = [] } = pairing;
  // "certificate is valid for localhost, not unused", with a host in Go as well.
  const dials = plugin === 'ours' || version !== '1.0.1';
  return {
    ...pairing,
    name: `${name}, go-plugin ${version}`,
    lacks: dials ? lacks : [...lacks, 'plugin-dials'],
    startHost: (tempDir) => (host === 'go' ? startGoHost(tempDir, {}, version) : pairing.startHost(tempDir)),
    pluginCommand: (flags) => (plugin === 'go' ? goPlugin(flags, version) : pairing.pluginCommand(flags)),
  };
}

/** The same pairing under AutoMTLS. */
export function withAutoMtls(pairing: Pairing): Pairing {
  return { ...pairing, name: `${pairing.name}, AutoMTLS`, config: { ...pairing.config, autoMtls: true } };
}

/** The same pairing with manual TLS by the files of a directory, as `tlsDirectory` makes it. */
export function withManualTls(pairing: Pairing, directory: string): Pairing {
  return {
    ...pairing,
    name: `${pairing.name}, manual TLS`,
    config: { ...pairing.config, tls: { directory, serverName: 'localhost' } },
    flags: { ...pairing.flags, 'tls-dir': directory },
  };
}

/** The same pairing with brokered connections inside the main one. */
export function withMultiplexing(pairing: Pairing): Pairing {
  return { ...pairing, name: `${pairing.name}, multiplexed`, config: { ...pairing.config, multiplex: true } };
}

/** The same pairing with our ends on the other gRPC engine: grpc-js's servers and channels. */
export function onGrpcJs(pairing: Pairing): Pairing {
  return {
    ...pairing,
    name: `${pairing.name}, on grpc-js`,
    grpcEngine: 'grpc-js',
    startHost: async (tempDir) =>
      pairing.host === 'ours' ? new OurHost(tempDir, 'grpc-js') : pairing.startHost(tempDir),
    ...(pairing.plugin === 'ours' ? { flags: { ...pairing.flags, 'grpc-engine': 'grpc-js' } } : {}),
  };
}

/** The same pairing with the plugin run by something else than a process runner. */
export function runBy(how: string, runnerFor: RunnerFor, { name, lacks = [], ...pairing }: Pairing): Pairing {
  return {
    ...pairing,
    name: `${name}, ${how}`,
    lacks: [...lacks, 'checksum', 'same-pid'],
    startHost: async (tempDir) => new OurHost(tempDir, undefined, runnerFor),
  };
}

/** All four, in the order of the table in docs/compatibility.md. */
export const PAIRINGS = [GO_TO_GO, OURS_TO_GO, GO_TO_OURS, OURS_TO_OURS] as const;
