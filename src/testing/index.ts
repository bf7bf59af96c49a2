export { CHECK_ITEMS } from '../check/check-items.js';
export { checkPlugin } from '../check/check-plugin.js';
export type { BrokerCall, CheckOptions } from '../check/options.js';
export type { CheckDescription, CheckLevel, CheckOutcome, CheckResult } from '../check/result.js';
export { type ConnectionPair, createConnectionPair } from './connection-pair.js';
export { duplexPair } from './duplex-pair.js';
export { FakePlugin, type FakeRunnerOptions, type FakeScript } from './fake-plugin.js';
export { type FakeRunner, fakeRunner } from './fake-runner.js';
export {
  createGrpcConnection,
  createGrpcPair,
  type GrpcConnection,
  type GrpcPair,
  type GrpcPairOptions,
} from './grpc-pair.js';
export { type InProcessOptions, inProcessRunner } from './in-process-runner.js';
export { type MarblesOptions, marbles } from './marbles.js';
export { memoryTransport } from './memory-transport.js';
export { createNetRpcConnection, type NetRpcConnection, type NetRpcConnectionOptions } from './net-rpc-pair.js';
export type { PairOptions, PairTls } from './pair-options.js';
export { createPluginPair, type PluginPair, type PluginPairOptions } from './plugin-pair.js';
