import type {
  InputOf,
  MessageOf,
  MethodDefinition,
  ServiceDefinition,
} from '../../src/protocols/grpc/shared/service-definition.js';
import type { ProtocolName } from '../../src/wire/handshake/handshake-line.js';
import type { Recorder } from './recorder.js';

/** Metadata in neutral form: lower-case names; the values of `-bin` names in base64. */
export type Pairs = Readonly<Record<string, readonly string[]>>;

/** How a host is to start, or reattach to, a plugin. Exactly one of `command`, `reattach` and `endpoint`. */
export interface HostConfig {
  readonly command?: readonly [file: string, ...args: string[]];
  readonly reattach?: Reattach;
  /** An address, which only our host takes. */
  readonly endpoint?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly skipHostEnv?: boolean;
  /** @default the cookie of the plugin programs */
  readonly cookie?: { readonly key: string; readonly value: string };
  /** Version of the plain plugin set. @default 1 */
  readonly appVersion?: number;
  /** Protocol of the plain plugin set. @default 'grpc' */
  readonly protocol?: ProtocolName;
  /** Versioned plugin sets, instead of the plain one. */
  readonly versions?: Readonly<Record<number, ProtocolName>>;
  /** @default both */
  readonly allowedProtocols?: readonly ProtocolName[];
  readonly autoMtls?: boolean;
  /** Manual TLS with cert.pem, key.pem and ca.pem of a directory. */
  readonly tls?: { readonly directory: string; readonly serverName: string };
  readonly multiplex?: boolean;
  readonly managed?: boolean;
  readonly minPort?: number;
  readonly maxPort?: number;
  readonly startTimeoutMs?: number;
  readonly logLevel?: string;
  readonly logBufferBytes?: number;
  /** SHA-256 of the executable, in hex. */
  readonly checksum?: string;
}

/** Where a running plugin is found. */
export interface Reattach {
  readonly protocol: string;
  readonly protocolVersion: number;
  readonly network: string;
  readonly address: string;
  readonly pid: number;
  readonly test: boolean;
}

/** What a successful start tells. */
export interface Started {
  readonly network: string;
  readonly address: string;
  readonly protocol: string;
  readonly version: number;
  readonly id: string;
}

/** One log entry as the host's application got it. */
export interface DrivenLog {
  readonly level: string;
  /** Name of the host's logger, dot-joined; empty where the host gives entries instead of logging them. */
  readonly name: string;
  /** Name of the plugin's logger; empty without one. */
  readonly module: string;
  readonly message: string;
  /** When the plugin said it, as the host tells it. */
  readonly timestamp: string | undefined;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** A host program, driven from outside: a Go host, or ours. */
export interface HostDriver extends AsyncDisposable {
  readonly name: string;
  /** Process id of the host. */
  readonly pid: number;
  /** Makes a client; nothing runs yet. */
  create(config: HostConfig): Promise<DrivenClient>;
  /** Stops every managed client at once, where the host can. Once per host. */
  cleanup?(): Promise<void>;
  /** Stops everything that this host started. Bounded, idempotent. */
  dispose(): Promise<void>;
}

/** One client of a host: one plugin process. */
export interface DrivenClient {
  /** Rejects where the host refuses the plugin. */
  start(): Promise<Started>;
  dispense(name: string): Promise<DrivenObject>;
  ping(): Promise<void>;
  /** Stops the plugin: asks it, waits, kills it. Resolves when it is gone. */
  stop(): Promise<void>;
  /** Whether the host knows that the plugin is gone. */
  exited(): Promise<boolean>;
  /** Resolves when the host has noticed that the plugin is gone. */
  gone(): Promise<void>;
  /** Whether the host had to end the plugin by force. */
  forced(): boolean;
  reattachConfig(): Promise<Reattach | undefined>;
  readonly logs: Recorder<DrivenLog>;
  /** What the plugin's program wrote, as synchronised. */
  readonly stdout: Recorder<Uint8Array>;
  readonly stderr: Recorder<Uint8Array>;
  /** The raw stderr of the process. */
  readonly rawStderr: Recorder<Uint8Array>;
}

type Methods<D extends ServiceDefinition> = D['methods'];
type Input<M extends MethodDefinition> = InputOf<M['requestType']>;
type Message<M extends MethodDefinition> = MessageOf<M['responseType']>;

export interface DrivenCallOptions {
  readonly metadata?: Pairs;
  readonly deadlineMs?: number;
}

/** What a unary call gave. */
export interface Answer<T> {
  readonly message: T;
  readonly header: Pairs;
  readonly trailer: Pairs;
}

/** A dispensed gRPC plugin, or a connection dialed through its broker. */
export interface DrivenObject {
  /** A unary call. Rejects with CallFailure. */
  invoke<D extends ServiceDefinition, K extends keyof Methods<D> & string>(
    service: D,
    method: K,
    request: Input<Methods<D>[K]>,
    options?: DrivenCallOptions,
  ): Promise<Answer<Message<Methods<D>[K]>>>;
  /** Begins a call of any kind; with a request, that is sent at once. */
  open<D extends ServiceDefinition, K extends keyof Methods<D> & string>(
    service: D,
    method: K,
    options?: DrivenCallOptions & { readonly request?: Input<Methods<D>[K]> },
  ): Promise<DrivenCall<Input<Methods<D>[K]>, Message<Methods<D>[K]>>>;
  /**
   * A net/rpc call of `Plugin.<method>`; arguments and reply as Go's JSON shows them: bytes in base64, structs as objects. Rejects
   * with RpcFailure where the plugin's code failed. `types` replace the Go types of argument and reply by wrong ones.
   */
  call<T>(method: string, args: unknown, types?: RpcTypes): Promise<T>;
  /** The broker of the plugin that this object belongs to. */
  readonly broker: DrivenBroker;
  /** Resolves when what the plugin's client was made with says that the plugin is gone: a context in Go, a signal here. */
  contextDone(): Promise<void>;
  /** Closes a connection that was dialed. */
  close(): Promise<void>;
}

/** A gRPC call under way. */
export interface DrivenCall<Request, Response> {
  send(message: Request): Promise<void>;
  closeSend(): Promise<void>;
  /** The next message; undefined when the call has ended well. Rejects with CallFailure when it has not. */
  receive(): Promise<Response | undefined>;
  header(): Promise<Pairs>;
  /** Once the call has ended. */
  trailer(): Promise<Pairs>;
  cancel(): Promise<void>;
}

/** The host's side of a broker. */
export interface DrivenBroker {
  nextId(): Promise<number>;
  /** Serves a Probe on an id, a new one if none is given, and resolves with the id. */
  offer(id?: number): Promise<number>;
  withdraw(id: number): Promise<void>;
  /** gRPC only: ends everything that was offered. */
  withdrawAll(): Promise<void>;
  /** gRPC only: what the host's broker holds, by name; undefined where the library does not tell. */
  counts(): Readonly<Record<string, number>> | undefined;
  /** Connects to an id that the plugin accepts. */
  dial(id: number): Promise<DrivenObject>;
  /** net/rpc only: serves `Plugin.Decorate` on an id, once, and resolves with the id. */
  offerDecorator(prefix: string, suffix: string): Promise<number>;
  /** net/rpc only: raw streams. */
  acceptStream(id: number): Promise<DrivenStream>;
  dialStream(id: number): Promise<DrivenStream>;
}

/** A raw stream of the net/rpc broker. */
export interface DrivenStream {
  write(data: Uint8Array): Promise<void>;
  /** Some bytes; undefined at the end. */
  read(maxBytes: number): Promise<Uint8Array | undefined>;
  close(): Promise<void>;
}

/** Go types of a net/rpc call, as in `test/conformance/go/host/netrpc.go`. */
export interface RpcTypes {
  readonly argsType?: string;
  readonly replyType?: string;
}

/** A net/rpc error reply. */
export class RpcFailure extends Error {}

/** A gRPC call that did not end OK. */
export class CallFailure extends Error {
  constructor(
    readonly code: number,
    readonly details: string,
    readonly trailer: Pairs,
    readonly header: Pairs,
  ) {
    super(`status ${code}: ${details}`);
  }
}
