import type { CallCredentials, ChannelInterface, Deadline, experimental, Metadata } from '@grpc/grpc-js';
import type { HeaderList } from '../../../../transports/http2/interfaces.js';
import type { GrpcCall, GrpcCallEvents, GrpcChannel } from '../../client/channel.js';
import { frameMessage } from '../../message/framing.js';
import { toStatusObject } from '../../shared/errors.js';
import { Propagate } from '../../shared/grpc-js.js';
import { metadataFrom } from '../../shared/metadata.js';
import type { CallStatus } from '../../shared/status.js';

/** The call that a grpc-js server is answering, given as `parent` in call options. */
export type ParentCall = NonNullable<Parameters<ChannelInterface['createCall']>[3]>;
type Listener = Parameters<experimental.CallStream['start']>[1];
type MessageContext = Parameters<experimental.CallStream['sendMessageWithContext']>[0];

/** The arguments of ChannelInterface.createCall. */
export interface GrpcJsCallOptions {
  readonly method: string;
  readonly deadline: Deadline;
  readonly host: string | null | undefined;
  readonly parent: ParentCall | null;
  readonly propagate: number | null | undefined;
}

let callNumber = 0;

/** One of our calls as grpc-js's clients and interceptors see it. Its listener is called on later turns, as in grpc-js. */
export class GrpcJsCall implements experimental.CallStream, GrpcCallEvents {
  readonly #channel: GrpcChannel;
  readonly #options: GrpcJsCallOptions;
  readonly #number = callNumber++;
  #credentials: CallCredentials | undefined;
  #listener: Listener | undefined;
  #call: GrpcCall | undefined;
  /** Actions that wait for the call credentials. */
  #pending: ((call: GrpcCall) => void)[] = [];
  #message: Uint8Array | undefined;
  /** Callbacks of messages that wait for room. */
  #waiting: (() => void)[] = [];
  #over = false;

  constructor(channel: GrpcChannel, options: GrpcJsCallOptions) {
    this.#channel = channel;
    this.#options = options;
  }

  start(metadata: Metadata, listener: Listener): void {
    this.#listener = listener;
    const { parent, propagate, method } = this.#options;
    if (parent !== null && ((propagate ?? Propagate.DEFAULTS) & Propagate.CANCELLATION) !== 0) {
      parent.on('cancelled', this.#onParentCancelled);
    }
    if (this.#credentials === undefined) return this.#begin(metadata);
    const service = method.slice(0, method.lastIndexOf('/'));
    const url = `https://${this.#options.host ?? this.#channel.authority}${service}`;
    this.#credentials.generateMetadata({ method_name: method, service_url: url }).then(
      (generated) => {
        const whole = metadata.clone();
        whole.merge(generated);
        this.#begin(whole);
      },
      (error: unknown) => this.#end(toStatusObject(error)),
    );
  }

  /** Keeps the message until the end of the turn: a unary client half-closes next, and both fit into one frame. */
  sendMessageWithContext(context: MessageContext, message: Buffer): void {
    this.release();
    if (context.callback !== undefined) this.#waiting.push(context.callback);
    if (this.#over) return process.nextTick(() => this.onDrain());
    this.#message = frameMessage(message);
    process.nextTick(release, this);
  }

  startRead(): void {
    this.#do((call) => call.request(1));
  }

  halfClose(): void {
    const last = this.#message;
    this.#message = undefined;
    this.#do((call) => {
      call.end(last);
      this.onDrain();
    });
  }

  /** Sends the message that was kept. */
  release(): void {
    const framed = this.#message;
    if (framed === undefined) return;
    this.#message = undefined;
    this.#do((call) => {
      if (call.write(framed)) this.onDrain();
    });
  }

  cancelWithStatus(code: number, details: string): void {
    this.#do((call) => call.cancel(code, details));
    if (this.#call === undefined) this.#end(toStatusObject({ code, details }));
  }

  getPeer(): string {
    return this.#channel.authority;
  }

  getCallNumber(): number {
    return this.#number;
  }

  setCredentials(credentials: CallCredentials): void {
    this.#credentials = this.#credentials?.compose(credentials) ?? credentials;
  }

  getAuthContext(): null {
    return null;
  }

  onHeaders(headers: HeaderList): void {
    const metadata = metadataFrom(headers);
    process.nextTick(() => this.#listener?.onReceiveMetadata(metadata));
  }

  onMessage(bytes: Uint8Array, start: number, end: number): void {
    const message = Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start);
    process.nextTick(() => this.#listener?.onReceiveMessage(message));
  }

  onDrain(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const written of waiting) written();
  }

  onStatus({ code, detail, trailers }: CallStatus): void {
    this.#end({ code, details: detail, metadata: metadataFrom(trailers) });
  }

  readonly #onParentCancelled = (): void => this.cancelWithStatus(1, 'The call that this one serves was cancelled.');

  #begin(metadata: Metadata): void {
    if (this.#over) return;
    const { host, method } = this.#options;
    const { waitForReady } = metadata.getOptions();
    const timeoutMs = this.#timeoutMs();
    const options = { metadata, timeoutMs, waitForReady, authority: host ?? undefined, demand: 0 };
    this.#call = this.#channel.call(method, options, this);
    for (const action of this.#pending) action(this.#call);
    this.#pending = [];
  }

  #timeoutMs(): number | undefined {
    const { parent, propagate, deadline } = this.#options;
    const inherits = parent !== null && ((propagate ?? Propagate.DEFAULTS) & Propagate.DEADLINE) !== 0;
    const until = Math.min(Number(deadline), inherits ? Number(parent.getDeadline()) : Number.POSITIVE_INFINITY);
    return until === Number.POSITIVE_INFINITY ? undefined : until - Date.now();
  }

  #do(action: (call: GrpcCall) => void): void {
    if (this.#call !== undefined) action(this.#call);
    else if (!this.#over) this.#pending.push(action);
  }

  #end(status: Parameters<Listener['onReceiveStatus']>[0]): void {
    if (this.#over) return;
    this.#over = true;
    this.#pending = [];
    this.#options.parent?.off('cancelled', this.#onParentCancelled);
    this.onDrain();
    process.nextTick(() => this.#listener?.onReceiveStatus(status));
  }
}

function release(call: GrpcJsCall): void {
  call.release();
}
