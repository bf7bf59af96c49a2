import { test } from 'node:test';
import type { GrpcChannel } from '../../../src/protocols/grpc/client/channel.js';
import type { GrpcChannelOptions } from '../../../src/protocols/grpc/client/channel-options.js';
import type { GrpcEngine } from '../../../src/protocols/grpc/shared/grpc-engine.js';
import { ENDPOINTS, ENGINES } from '../../support/engines.js';
import { memoryRig, type ProbeRig, type ProbeRigOptions, probeServer, unixRig } from '../../support/probe-rig.js';

/** What a test of a channel works with. */
export interface ChannelBench {
  /** Of the server. */
  readonly server: GrpcEngine;
  readonly createChannel: (options: GrpcChannelOptions) => GrpcChannel;
  /** A channel to the probe service, joined in memory. */
  readonly open: (options?: ProbeRigOptions) => ProbeRig;
  /** The same, joined by a unix socket. */
  readonly openUnix: (options?: ProbeRigOptions) => Promise<ProbeRig>;
}

/** What stands between the test and the engine's channel. */
export interface ChannelVariant {
  readonly name: 'plain' | 'switching';
  readonly wrap: (channel: GrpcChannel) => GrpcChannel;
}

export const PLAIN: ChannelVariant = { name: 'plain', wrap: (channel) => channel };

/** Registers tests of channels on one engine. */
export interface ChannelTests {
  readonly engine: GrpcEngine;
  readonly variant: ChannelVariant;
  /** A test with a peer of its own, or whose server does not matter: it is that of grpc-js. `notStock` says why grpc-js cannot pass it. */
  readonly on: (name: string, body: (bench: ChannelBench) => void | Promise<void>, notStock?: string) => void;
  /** A test that runs once with each server. */
  readonly each: (name: string, body: (bench: ChannelBench) => Promise<void>) => void;
}

export function channelTests(engine: GrpcEngine, variant: ChannelVariant): ChannelTests {
  return {
    engine,
    variant,
    on(name, body, notStock) {
      const skip = engine === 'grpc-js' && notStock !== undefined && `stock grpc-js: ${notStock}`;
      test(`${name} [${engine}]`, { skip }, () => body(bench(engine, variant, 'grpc-js')));
    },
    each(name, body) {
      for (const server of ENGINES)
        test(`${name} [${engine} to ${server}]`, () => body(bench(engine, variant, server)));
    },
  };
}

function bench(engine: GrpcEngine, { wrap }: ChannelVariant, server: GrpcEngine): ChannelBench {
  const rigged = (options: ProbeRigOptions): ProbeRigOptions => ({
    ...options,
    engine,
    wrap,
    server: probeServer(server, options.serverOptions),
  });
  return {
    server,
    createChannel: (options) => wrap(ENDPOINTS[engine].createChannel(options)),
    open: (options = {}) => memoryRig(rigged(options)),
    openUnix: (options = {}) => unixRig(rigged(options)),
  };
}
