import { createNetRpcClient, type NetRpcClient, type NetRpcClientOptions } from '../protocols/netrpc/rpc-client.js';
import { type NetRpcServerOptions, type NetRpcServing, serveNetRpc } from '../protocols/netrpc/rpc-server.js';
import type { NetRpcServices } from '../protocols/netrpc/rpc-service.js';
import { createConnectionPair } from './connection-pair.js';
import { checkPairOptions, type PairOptions } from './pair-options.js';

/** Options of both ends of a net/rpc connection. */
export interface NetRpcConnectionOptions extends PairOptions {
  readonly client?: NetRpcClientOptions;
  readonly server?: NetRpcServerOptions;
}

/** A net/rpc client and a server that are connected to each other. */
export interface NetRpcConnection extends AsyncDisposable {
  readonly client: NetRpcClient;
  readonly server: NetRpcServing;
  /** Closes both ends. Idempotent. */
  dispose(): Promise<void>;
}

/**
 * A net/rpc client and a server of these services on one connection (go-plugin testing.go TestRPCConn). For a plugin's dispenser,
 * broker and stdio use `createPluginPair`.
 *
 * @example
 * ```ts
 * const services = new Map([['Arith', new Map([['Double', handler(gob.int, gob.int, (value) => 2 * value)]])]]);
 * await using pair = await createNetRpcConnection(services);
 * await firstValueFrom(pair.client.call('Arith.Double', gob.int, 21, gob.int)); // 42
 * ```
 */
export async function createNetRpcConnection(
  services: NetRpcServices,
  options: NetRpcConnectionOptions = {},
): Promise<NetRpcConnection> {
  checkPairOptions('createNetRpcConnection', options, ['client', 'server']);
  const { client: _client, server: _server, ...connection } = options;
  const pair = await createConnectionPair(connection);
  const server = serveNetRpc(pair.server, services, options.server);
  const client = createNetRpcClient(pair.client, options.client);
  const dispose = async () => {
    await client.close();
    await pair.dispose();
    await server.ended;
  };
  return { client, server, dispose, [Symbol.asyncDispose]: dispose };
}
