import { PassThrough } from 'node:stream';
import { Subject } from 'rxjs';
import type { PluginImplementations, PluginSet } from '../../../src/protocols/contract.js';
import { type NetRpcHostOptions, netRpcClientProtocol } from '../../../src/protocols/netrpc/client-protocol.js';
import { type NetRpcPluginOptions, netRpcServerProtocol } from '../../../src/protocols/netrpc/server-protocol.js';
import type { BrokerNetwork, ClientProtocol, ServerProtocol } from '../../../src/protocols/protocol.js';
import type { TlsConfig } from '../../../src/transports/tls/tls.js';
import type { Dialer } from '../../../src/transports/transport.js';
import { createLogger, type LogRecord } from '../../../src/wire/logs/logger.js';
import { memoryDialer } from '../../support/dialers.js';

/** net/rpc needs no network beside its one connection. */
const NO_NETWORK: BrokerNetwork = {
  dialerTo: () => {
    throw new Error('net/rpc dials nothing');
  },
  listen: () => Promise.reject(new Error('net/rpc listens nowhere')),
  pluginToHost: (address) => address,
  hostToPlugin: (address) => address,
};

export interface Plugin {
  readonly serving: ServerProtocol;
  readonly dialer: Dialer;
  /** What the program writes. */
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  readonly logs: LogRecord[];
  readonly shutdowns: () => number;
}

export interface PluginSetup extends NetRpcPluginOptions {
  readonly tls?: TlsConfig;
  readonly onShutdown?: () => Promise<void>;
}

/** A plugin in this process that is dialed in memory. */
export async function startPlugin(implementations: PluginImplementations, setup: PluginSetup = {}): Promise<Plugin> {
  const connections = new Subject<never>();
  const dialer = memoryDialer((far) => connections.next(far as never));
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const logs: LogRecord[] = [];
  let shutdowns = 0;
  const { tls, onShutdown, ...options } = setup;
  const serving = await netRpcServerProtocol(options)({
    listener: {
      address: { network: 'unix', address: '/nowhere' },
      connection$: connections,
      close: async () => connections.complete(),
    },
    network: NO_NETWORK,
    tls,
    multiplex: false,
    implementations,
    syncStdout: stdout,
    syncStderr: stderr,
    logger: createLogger({ write: (record) => void logs.push(record) }),
    onShutdown: async () => {
      shutdowns += 1;
      await onShutdown?.();
    },
  });
  return { serving, dialer, stdout, stderr, logs, shutdowns: () => shutdowns };
}

export interface Host {
  readonly protocol: ClientProtocol;
  readonly stdout: PassThrough;
  readonly stderr: PassThrough;
  /** The plugin's process is gone. */
  readonly gone: AbortController;
}

export interface HostSetup extends NetRpcHostOptions {
  readonly tls?: TlsConfig;
}

/** A host that converses with it. */
export async function connectHost(dialer: Dialer, plugins: PluginSet, setup: HostSetup = {}): Promise<Host> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const gone = new AbortController();
  const { tls, ...options } = setup;
  const protocol = await netRpcClientProtocol(options)({
    dialer,
    network: NO_NETWORK,
    tls,
    multiplex: false,
    plugins,
    syncStdout: stdout,
    syncStderr: stderr,
    logger: createLogger({ write: () => {} }),
    signal: gone.signal,
  });
  return { protocol, stdout, stderr, gone };
}
