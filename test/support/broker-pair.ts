import assert from 'node:assert/strict';
import { lastValueFrom } from 'rxjs';
import {
  createGrpcClient,
  type GrpcBroker,
  type GrpcChannel,
  type GrpcClientContext,
  type GrpcServiceContext,
} from '../../src/grpc.js';
import { grpcPlugin, implement, type ServiceOf } from '../../src/index.js';
import { createPluginPair, type PluginPair, type PluginPairOptions } from '../../src/testing/index.js';
import { ProbeDefinition } from '../conformance/gen/probe.js';
import { probeService } from '../conformance/plugin/probe-service.js';
import { ProcessControl } from '../conformance/plugin/process-control.js';

/** The brokers of both ends of a connection, in this process. */
export interface BrokerPair extends AsyncDisposable {
  readonly host: GrpcBroker;
  readonly plugin: GrpcBroker;
  readonly mainChannel: GrpcChannel;
  readonly pair: PluginPair<Plugins>;
}

interface Captured {
  context?: GrpcServiceContext;
}

/** A contract without calls that hands the contexts of both sides to the test. */
const BARE = grpcPlugin<GrpcClientContext, Captured>({
  client: (context) => context,
  serve: (_server, captured, context) => {
    captured.context = context;
  },
});
const PLUGINS = { bare: BARE };
type Plugins = typeof PLUGINS;

export async function brokerPair(options: PluginPairOptions = {}): Promise<BrokerPair> {
  const captured: Captured = {};
  const pair = await createPluginPair(PLUGINS, { bare: implement(BARE, captured) }, options);
  const { broker: host, channel: mainChannel } = await pair.dispense('bare');
  assert.ok(captured.context !== undefined);
  const { broker: plugin } = captured.context;
  const close = async () => {
    await pair.dispose();
    const nothing = { accepting: 0, channels: 0, pending: 0, streams: 0 };
    assert.deepEqual([host.counts, plugin.counts], [nothing, nothing]);
  };
  return { host, plugin, mainChannel, pair, [Symbol.asyncDispose]: close };
}

/** A probe service; `Hang` and `HangStream` show whether a connection is open. */
export function probe(): ServiceOf<typeof ProbeDefinition> {
  return probeService(CONTROL, 1);
}

const CONTROL = new ProcessControl();

export function registerProbe(server: { addService: GrpcServerAdd }): void {
  server.addService(ProbeDefinition, probe());
}

type GrpcServerAdd = (definition: typeof ProbeDefinition, service: ServiceOf<typeof ProbeDefinition>) => void;

/** Calls Echo over a channel and resolves with the response. */
export async function echo(channel: GrpcChannel, text: string): Promise<string> {
  const client = createGrpcClient(channel, ProbeDefinition);
  const { data } = await lastValueFrom(client.echo({ data: Buffer.from(text) }));
  return Buffer.from(data).toString();
}
