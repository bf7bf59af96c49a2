import type { ChannelInterface, Deadline, experimental } from '@grpc/grpc-js';
import { ConnectivityState } from '@grpc/grpc-js/build/src/connectivity-state.js';
import { filter, take } from 'rxjs';
import { ClosedError } from '../../../../errors.js';
import { MAX_TIMER_MS } from '../../../../wire/duration.js';
import type { ChannelState, GrpcChannel } from '../../client/channel.js';
import { GrpcJsCall, type ParentCall } from './client-call.js';

type ChannelzRef = ReturnType<ChannelInterface['getChannelzRef']>;

const CONNECTIVITY: Readonly<Record<ChannelState['status'], ConnectivityState>> = {
  idle: ConnectivityState.IDLE,
  connecting: ConnectivityState.CONNECTING,
  ready: ConnectivityState.READY,
  'transient-failure': ConnectivityState.TRANSIENT_FAILURE,
  shutdown: ConnectivityState.SHUTDOWN,
};

/**
 * A channel in grpc-js's form, for clients that were generated for grpc-js. Address and credentials of such a client are not used, and its
 * `close()` does not close the channel: calls already made go on.
 *
 * @example
 * const channelOverride = createGrpcJsChannel(channel);
 * const kv = new KVClient('plugin', credentials.createInsecure(), { channelOverride });
 */
export function createGrpcJsChannel(channel: GrpcChannel): ChannelInterface {
  return new GrpcJsChannel(channel);
}

class GrpcJsChannel implements ChannelInterface {
  readonly #channel: GrpcChannel;
  #closed = false;

  constructor(channel: GrpcChannel) {
    this.#channel = channel;
  }

  close(): void {
    this.#closed = true;
  }

  getTarget(): string {
    return this.#channel.authority;
  }

  getConnectivityState(tryToConnect: boolean): ConnectivityState {
    if (this.#closed) return ConnectivityState.SHUTDOWN;
    // A failure is reported as a state.
    if (tryToConnect && this.#channel.state.status === 'idle') this.#channel.connect().catch(() => {});
    return CONNECTIVITY[this.#channel.state.status];
  }

  watchConnectivityState(current: ConnectivityState, deadline: Deadline, callback: (error?: Error) => void): void {
    this.#refuseWhenClosed();
    const leftMs = Number(deadline) - Date.now();
    const expire = () => {
      change.unsubscribe();
      callback(new Error('The deadline passed without a change of the connectivity state.'));
    };
    const timer = leftMs > MAX_TIMER_MS ? undefined : setTimeout(expire, Math.max(0, leftMs));
    const changed$ = this.#channel.state$.pipe(
      filter(({ status }) => CONNECTIVITY[status] !== current),
      take(1),
    );
    const change = changed$.subscribe(() => {
      clearTimeout(timer);
      process.nextTick(callback);
    });
  }

  getChannelzRef(): ChannelzRef {
    // grpc-js does not export the enumeration that the kind is of.
    const kind: string = 'channel';
    return { kind: kind as ChannelzRef['kind'], id: 0, name: this.getTarget() };
  }

  createCall(
    method: string,
    deadline: Deadline,
    host: string | null | undefined,
    parent: ParentCall | null,
    propagate: number | null | undefined,
  ): experimental.CallStream {
    this.#refuseWhenClosed();
    return new GrpcJsCall(this.#channel, { method, deadline, host, parent, propagate });
  }

  #refuseWhenClosed(): void {
    if (this.#closed) throw new ClosedError('ERR_CLOSED', 'The channel has been closed.');
  }
}
