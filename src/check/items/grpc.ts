import { firstValueFrom } from 'rxjs';
import { createGrpcClient } from '../../protocols/grpc/client/client.js';
import { HealthDefinition } from '../../protocols/grpc/gen/grpc/health/v1/health.js';
import { GRPCBrokerDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_broker.js';
import { GRPCControllerDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_controller.js';
import { GRPCStdioDefinition } from '../../protocols/grpc/gen/internal/plugin/grpc_stdio.js';
import type { Bench } from '../bench/bench.js';
import { ANSWER_MS, type GrpcConversation, statusOf } from '../bench/grpc-conversation.js';
import { openCalls } from '../bench/open-calls.js';
import { callRaw } from '../bench/raw-call.js';
import { reflect } from '../bench/reflect.js';
import { type CheckItem, type Finding, met, skipped, unmet } from './item.js';

const UNKNOWN_SERVICE = 'rxplug.check.unknown';
const LARGE_BYTES = 5 * 1024 * 1024;
/** Not a message of any type: the field has the wire type 7. */
const NO_MESSAGE = Uint8Array.of(0xff, 0xff, 0xff, 0xff);

/** G: what is served over gRPC, all in one process. */
export const GRPC_ITEMS: readonly CheckItem[] = [
  {
    id: 'G-01',
    level: 'MUST',
    protocol: 'grpc',
    sharesLife: true,
    title: 'says that it is healthy',
    expected: 'SERVING as the health of the service `plugin`: that is the ping of hosts',
    doc: 'docs/wire/grpc.md#health-the-ping',
    run: (bench) => withPlugin(bench, saysHealth),
  },
  {
    id: 'G-02',
    level: 'SHOULD',
    protocol: 'grpc',
    sharesLife: true,
    title: 'knows which services it does not have',
    expected: 'NOT_FOUND as the health of an unknown service; Watch answers, or is UNIMPLEMENTED',
    doc: 'docs/wire/grpc.md#health-the-ping',
    run: (bench) => withPlugin(bench, knowsServices),
  },
  {
    id: 'G-03',
    level: 'SHOULD',
    protocol: 'grpc',
    sharesLife: true,
    title: 'describes its services',
    expected: 'reflection lists every service, and has the file that declares it: tools can call it then',
    doc: 'docs/wire/grpc.md#which-grpc-services-does-a-host-call',
    run: (bench) => withPlugin(bench, describesServices),
  },
  {
    id: 'G-04',
    level: 'SHOULD',
    protocol: 'grpc',
    title: 'has the services of go-plugin',
    expected: 'GRPCStdio, GRPCBroker and GRPCController are not UNIMPLEMENTED',
    doc: 'docs/wire/grpc.md#which-grpc-services-does-a-host-call',
    run: hasServices,
  },
  {
    id: 'G-05',
    level: 'MUST',
    protocol: 'grpc',
    sharesLife: true,
    title: 'keeps StreamStdio and StartStream open',
    expected: 'neither call ends while others are answered, unless it is UNIMPLEMENTED',
    doc: 'docs/wire/grpc.md#grpcstdio-what-the-program-prints',
    run: (bench) => withPlugin(bench, keepsStreamsOpen),
  },
  {
    id: 'G-06',
    level: 'MUST',
    protocol: 'grpc',
    sharesLife: true,
    title: 'survives calls that make no sense',
    expected:
      'UNIMPLEMENTED for an unknown method, an error for a request that cannot be decoded, and answers afterwards',
    doc: 'docs/wire/grpc.md#which-grpc-services-does-a-host-call',
    run: (bench) => withPlugin(bench, survivesNonsense),
  },
  {
    id: 'G-07',
    level: 'SHOULD',
    protocol: 'grpc',
    sharesLife: true,
    title: 'takes a request of 5 MiB',
    expected: 'any answer but RESOURCE_EXHAUSTED, which go-plugin gives above 4 MiB by default',
    doc: 'docs/wire/grpc.md#sizes',
    run: (bench) => withPlugin(bench, takesLargeRequest),
  },
];

async function withPlugin(bench: Bench, look: (conversation: GrpcConversation) => Promise<Finding>): Promise<Finding> {
  await using conversation = bench.overGrpc(await bench.shared());
  return await look(conversation);
}

async function saysHealth(conversation: GrpcConversation): Promise<Finding> {
  const status = await conversation.health();
  return (status === 'SERVING' ? met : unmet)(status);
}

async function knowsServices({ channel }: GrpcConversation): Promise<Finding> {
  const health = createGrpcClient(channel, HealthDefinition);
  const unknown = await firstValueFrom(health.check({ service: UNKNOWN_SERVICE }, { timeoutMs: ANSWER_MS })).then(
    ({ status }) => `the status ${status}`,
    statusOf,
  );
  const watch = await firstValueFrom(health.watch({ service: 'plugin' }, { timeoutMs: ANSWER_MS })).then(
    () => 'answers',
    statusOf,
  );
  const isRight = unknown === 'NOT_FOUND' && (watch === 'answers' || watch === 'UNIMPLEMENTED');
  return (isRight ? met : unmet)(`unknown service: ${unknown}; Watch: ${watch}`);
}

async function describesServices({ channel }: GrpcConversation): Promise<Finding> {
  const found = await reflect(channel, ANSWER_MS);
  if (found === undefined) return unmet('it has no reflection');
  const { services, undescribed } = found;
  if (undescribed.length > 0) return unmet(`no description of ${undescribed.join(', ')}`);
  return (services.length > 0 ? met : unmet)(`${services.length} services`);
}

/** In a process of its own, which Shutdown ends. */
async function hasServices(bench: Bench): Promise<Finding> {
  await using launched = await bench.launch();
  await using conversation = bench.overGrpc(launched.plugin);
  const { channel } = conversation;
  await using calls = openCalls(channel);
  await conversation.ping();
  await conversation.ping();
  const controller = createGrpcClient(channel, GRPCControllerDefinition);
  const shutdown = await firstValueFrom(controller.shutdown({}, { timeoutMs: ANSWER_MS })).then(() => 'OK', statusOf);
  const statuses = [
    [GRPCStdioDefinition.name, calls.statusOf('StreamStdio')],
    [GRPCBrokerDefinition.name, calls.statusOf('StartStream')],
    [GRPCControllerDefinition.name, shutdown],
  ];
  const missing = statuses.filter(([, status]) => status === 'UNIMPLEMENTED').map(([name]) => name);
  return missing.length === 0 ? met('all three') : unmet(`without ${missing.join(', ')}`);
}

/** The streams are asked for first, so that their end would come before the last of the answers. */
async function keepsStreamsOpen(conversation: GrpcConversation): Promise<Finding> {
  await using calls = openCalls(conversation.channel);
  for (let count = 0; count < 10; count += 1) await conversation.ping();
  const statuses = (['StreamStdio', 'StartStream'] as const).map((name) => [name, calls.statusOf(name)] as const);
  const ended = statuses.filter(([, status]) => status !== undefined && status !== 'UNIMPLEMENTED');
  if (ended.length > 0) return unmet(ended.map(([name, status]) => `${name} ended: ${status}`).join('; '));
  if (statuses.every(([, status]) => status === 'UNIMPLEMENTED')) return skipped('it has neither');
  return met('open while 10 calls were answered');
}

async function survivesNonsense(conversation: GrpcConversation): Promise<Finding> {
  const ask = (service: string, method: string): Promise<string> =>
    firstValueFrom(callRaw(conversation.channel, service, method, NO_MESSAGE, { timeoutMs: ANSWER_MS })).then(
      () => 'OK',
      statusOf,
    );
  const unknown = await ask(UNKNOWN_SERVICE, 'Nothing');
  const undecodable = await ask(HealthDefinition.fullName, 'Check');
  await conversation.ping();
  const got = `unknown method: ${unknown}; undecodable request: ${undecodable}`;
  const isRight = unknown === 'UNIMPLEMENTED' && undecodable !== 'OK' && undecodable !== 'DEADLINE_EXCEEDED';
  return (isRight ? met : unmet)(got);
}

async function takesLargeRequest({ channel }: GrpcConversation): Promise<Finding> {
  const health = createGrpcClient(channel, HealthDefinition);
  const answer$ = health.check({ service: 'x'.repeat(LARGE_BYTES) }, { timeoutMs: ANSWER_MS });
  const status = await firstValueFrom(answer$).then(() => 'OK', statusOf);
  return (status === 'OK' || status === 'NOT_FOUND' ? met : unmet)(status);
}
