/** `rxplug/net-rpc`: Go's net/rpc and gob: types of arguments and replies, brokers, and net/rpc by itself, without plugins. */

// Types of arguments and replies.

export {
  BASIC_ERROR_NAME,
  BasicError,
  type BasicErrorValue,
  fromBasicError,
  toBasicError,
} from './protocols/netrpc/basic-error.js';
export {
  type GobAny,
  type GobComplex,
  type GobDynamic,
  type GobRegistry,
  type GobSchema,
  type GobTime,
  type GobType,
  gob,
  zeroValue,
} from './wire/gob/index.js';

// Methods and handlers of a contract.

export {
  createTypedClient,
  handlersOf,
  type NetRpcClientContext,
  type NetRpcClientOf,
  type NetRpcMethods,
  type NetRpcPluginView,
  type NetRpcServiceCall,
  type NetRpcServiceContext,
  type NetRpcServiceOf,
  type NetRpcSides,
} from './protocols/netrpc/contract.js';
export {
  handler,
  method,
  type NetRpcCall,
  type NetRpcHandler,
  type NetRpcHandlers,
  type NetRpcResult,
  type NetRpcServices,
  type NetRpcSignature,
} from './protocols/netrpc/rpc-service.js';

// How a host and a plugin speak net/rpc.

export { type NetRpcHostOptions, netRpcClientProtocol } from './protocols/netrpc/client-protocol.js';
export type { MuxBroker, MuxBrokerOptions } from './protocols/netrpc/mux-broker.js';
export { type NetRpcPluginOptions, netRpcServerProtocol } from './protocols/netrpc/server-protocol.js';

// net/rpc by itself: clients and servers.

export { createNetRpcClient, type NetRpcClient, type NetRpcClientOptions } from './protocols/netrpc/rpc-client.js';
export { type NetRpcServerOptions, type NetRpcServing, serveNetRpc } from './protocols/netrpc/rpc-server.js';
