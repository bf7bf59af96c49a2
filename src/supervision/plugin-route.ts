import { filter, firstValueFrom, map, merge, type Observable, startWith } from 'rxjs';
import type { ClientOptions } from '../host/options.js';
import type { ChannelState } from '../protocols/grpc/client/channel.js';
import type { GrpcHostOptions } from '../protocols/grpc/client-protocol.js';
import { DEFAULT_MAX_MESSAGE_BYTES } from '../protocols/grpc/message/framing.js';
import type { CallStatus } from '../protocols/grpc/shared/status.js';
import { mayReplay } from './calls/replay.js';
import type { RoutedCall } from './calls/router.js';
import type { CallMember, SwitchedCall } from './calls/switched-call.js';
import type { ChannelRoute } from './calls/switching-channel.js';
import type { ResolvedSupervision } from './options.js';
import type { SupervisorState } from './state.js';
import { closed, endedStatus, noGeneration } from './statuses.js';
import type { Supervisor } from './supervisor.js';

/** Leads the calls of the stable clients to the generation that serves. */
export class PluginRoute implements ChannelRoute {
  readonly state$: Observable<ChannelState>;
  readonly available$: Observable<CallStatus | undefined>;
  readonly authority: string;
  readonly peerName: string;
  readonly maxReceiveMessageBytes: number;
  readonly maxSendMessageBytes: number;
  readonly #supervisor: Supervisor;
  readonly #options: ResolvedSupervision;

  constructor(supervisor: Supervisor, options: ResolvedSupervision, { name, tls, grpc = {} }: RouteOptions) {
    this.#supervisor = supervisor;
    this.#options = options;
    this.peerName = name;
    this.authority = grpc.authority ?? tls?.serverName ?? 'localhost';
    this.maxReceiveMessageBytes = grpc.maxReceiveMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.maxSendMessageBytes = grpc.maxSendMessageBytes ?? DEFAULT_MAX_MESSAGE_BYTES;
    this.state$ = supervisor.state$.pipe(map(channelState), startWith(channelState(supervisor.state)));
    const refused$ = supervisor.state$.pipe(
      map(() => this.refusal(true)),
      filter((status) => status !== undefined),
    );
    this.available$ = merge(supervisor.available$.pipe(map(() => undefined)), refused$);
  }

  get state(): ChannelState {
    return channelState(this.#supervisor.state);
  }

  /** That of the generation that serves. */
  get peerVersion(): string | undefined {
    return this.#supervisor.current?.client.plugin.version;
  }

  get limitMs(): number {
    return this.#options.whenDown.limitMs;
  }

  pick(call: RoutedCall): CallMember | undefined {
    return this.#supervisor.pick(call);
  }

  refusal(waitForReady: boolean): CallStatus | undefined {
    const { state } = this.#supervisor;
    if (state.status === 'stopping' || state.status === 'stopped') return endedStatus(closed(), 'none');
    if (state.status === 'failed') return endedStatus(state.error, 'none');
    const mayWait = this.#options.whenDown.policy === 'wait' || waitForReady;
    // A plugin that nothing has started yet is not down.
    if (mayWait || state.status === 'idle' || (state.status === 'starting' && state.attempt === 1)) return undefined;
    return endedStatus(noGeneration(state, 0), 'none');
  }

  waitedTooLong(): CallStatus {
    return endedStatus(noGeneration(this.#supervisor.state, this.limitMs), 'none');
  }

  mayReplay({ path, idempotent }: SwitchedCall, { generation }: CallMember, status: CallStatus): boolean {
    const { delivery = 'unknown' } = status;
    if (!mayReplay(this.#options.replay, { path, generation, delivery, idempotent })) return false;
    this.#supervisor.tell({ type: 'replayed', generation, path });
    return true;
  }

  async connect(): Promise<void> {
    await firstValueFrom(this.#supervisor.ready$());
  }

  members(): Iterable<CallMember> {
    return [...this.#supervisor.generations].filter(({ hasChannel }) => hasChannel);
  }

  /** The generations belong to the supervisor. */
  async close(): Promise<void> {}
}

/** Options of the client that a route needs. */
export type RouteOptions = Pick<ClientOptions, 'tls'> & { readonly name: string; readonly grpc?: GrpcHostOptions };

function channelState(state: SupervisorState): ChannelState {
  switch (state.status) {
    case 'idle':
      return { status: 'idle' };
    case 'starting':
      return { status: 'connecting' };
    case 'ready':
    case 'unresponsive':
    case 'not-serving':
      return { status: 'ready' };
    case 'waiting':
      return { status: 'transient-failure', error: state.stop.error };
    case 'failed':
      return { status: 'transient-failure', error: state.error };
    case 'stopping':
    case 'stopped':
      return { status: 'shutdown' };
  }
}
