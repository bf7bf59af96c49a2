/** What is known about a failure besides its message, mostly of the plugin process. */
export interface ErrorDetails {
  /** The plugin's name, by which a host tells several apart. */
  readonly plugin?: string;
  /** The plugin's version, where its manifest says it. */
  readonly version?: string;
  /** The method whose call has failed over net/rpc, such as `Plugin.Put`. A GrpcError has it as `method`. */
  readonly method?: string;
  /** Exit code of the plugin process; null when a signal ended it. */
  readonly exitCode?: number | null;
  /** Name of the signal that ended the plugin process, for instance `SIGKILL`. */
  readonly signal?: string | null;
  /** The plugin's last lines on its real stderr, oldest first. */
  readonly stderr?: readonly string[];
  /** What the plugin printed in place of what was expected, truncated. */
  readonly text?: string;
  /** The version that the plugin announced. */
  readonly pluginVersion?: number;
  /** The versions that the host offered. */
  readonly hostVersions?: readonly number[];
  /** What the runner found out about why the plugin did not start. */
  readonly diagnosis?: string;
  /**
   * Of a call that the loss of the plugin or of the connection has ended: `none` when the request was not sent, so that it can be made
   * again whatever it does, and `unknown` when the plugin may have executed it.
   */
  readonly delivery?: Delivery;
}

/** Whether the request of a failed call can have reached the peer. */
export type Delivery = 'none' | 'unknown';

/** The cause and the details of an error. */
export interface PluginErrorOptions {
  readonly cause?: unknown;
  readonly details?: ErrorDetails;
}

const BRAND = Symbol.for('rxplug.PluginError');

/**
 * The base of all errors of rxplug; there is one subclass per stage. `code` is a stable literal to switch on; the message says what
 * happened, what was expected and what to do. Use `PluginError.is` in place of `instanceof` when several copies of the package may be
 * loaded.
 *
 * @example
 * ```ts
 * try {
 *   await client.start();
 * } catch (error) {
 *   if (PluginError.is(error) && error.code === 'ERR_EXITED_EARLY') console.error(error.details.stderr);
 *   throw error;
 * }
 * ```
 */
export class PluginError<Code extends string = string> extends Error {
  declare readonly [BRAND]: true;
  readonly code: Code;
  details: Readonly<ErrorDetails>;

  constructor(code: Code, message: string, options: PluginErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = options.details ?? {};
  }

  /** Adds details that became known after the error was made; those that it has stay. Returns the same error. */
  with(details: ErrorDetails): this {
    this.details = { ...details, ...this.details };
    return this;
  }

  /** @internal Completes the message, in the stack as well, with what became known after the error was made. Returns the same error. */
  reword(change: (message: string) => string): this {
    const before = this.message;
    this.message = change(before);
    if (this.stack !== undefined) this.stack = this.stack.replace(before, () => this.message);
    return this;
  }

  /** Whether a value is an error of this library, also of another realm or another copy of the package. */
  static is(value: unknown): value is PluginError {
    return typeof value === 'object' && value !== null && BRAND in value;
  }
}

function named(type: new (...args: never[]) => PluginError, name: string): void {
  Object.defineProperty(type.prototype, 'name', { value: name, configurable: true, writable: true });
}

/** Options exclude each other or have a wrong value. Nothing was started. */
export class OptionsError extends PluginError<'ERR_OPTIONS'> {
  constructor(message: string, options?: PluginErrorOptions) {
    super('ERR_OPTIONS', message, options);
  }
}

/** The codes of SecurityError. */
export type SecurityErrorCode =
  | 'ERR_CHECKSUM_MISSING'
  | 'ERR_CHECKSUM_HASH_MISSING'
  | 'ERR_CHECKSUM_UNREADABLE'
  | 'ERR_CHECKSUM_MISMATCH'
  | 'ERR_CHECKSUM_NOT_RUN'
  | 'ERR_CHECKSUM_IMPORTS'
  | 'ERR_CHECKSUM_WRITABLE'
  | 'ERR_TLS'
  | 'ERR_TLS_NOT_SUPPORTED'
  | 'ERR_CERTIFICATE';

/** A checksum, a certificate or a TLS setting is not the expected one. */
export class SecurityError extends PluginError<SecurityErrorCode> {}

/** The codes of StartError. */
export type StartErrorCode =
  | 'ERR_SPAWN'
  | 'ERR_START_TIMEOUT'
  | 'ERR_EXITED_EARLY'
  | 'ERR_START_ABORTED'
  | 'ERR_PROCESS_NOT_FOUND'
  | 'ERR_PROCESS_REUSED'
  | 'ERR_KILL'
  | 'ERR_CONTAINER_ENGINE'
  | 'ERR_SANDBOX';

/** The plugin process could not be started, found or ended. */
export class StartError extends PluginError<StartErrorCode> {}

/** The codes of HandshakeError. */
export type HandshakeErrorCode =
  | 'ERR_HANDSHAKE_NO_LINE'
  | 'ERR_HANDSHAKE_LINE_TOO_LONG'
  | 'ERR_HANDSHAKE_UNRECOGNIZED'
  | 'ERR_CORE_VERSION_INVALID'
  | 'ERR_CORE_VERSION_MISMATCH'
  | 'ERR_APP_VERSION_INVALID'
  | 'ERR_APP_VERSION_MISMATCH'
  | 'ERR_NETWORK_UNKNOWN'
  | 'ERR_ADDRESS_INVALID'
  | 'ERR_PROTOCOL_NOT_ALLOWED'
  | 'ERR_SERVER_CERTIFICATE'
  | 'ERR_MULTIPLEXING_NOT_SUPPORTED'
  | 'ERR_MULTIPLEXING_INVALID';

/** The plugin's first line on stdout is not a handshake that the host accepts: `CORE|APP|NETWORK|ADDRESS|PROTOCOL|CERTIFICATE`. */
export class HandshakeError extends PluginError<HandshakeErrorCode> {}

/** The codes of TransportError. */
export type TransportErrorCode =
  | 'ERR_DIAL'
  | 'ERR_DIAL_TIMEOUT'
  | 'ERR_LISTEN'
  | 'ERR_SOCKET_PATH_TOO_LONG'
  | 'ERR_CONNECTION_LOST'
  | 'ERR_WATCH';

/** A connection or a listener could not be made, or was lost. */
export class TransportError extends PluginError<TransportErrorCode> {}

/** The codes of ProtocolError. */
export type ProtocolErrorCode =
  | 'ERR_HTTP2_PROTOCOL'
  | 'ERR_YAMUX_PROTOCOL'
  | 'ERR_GOB'
  | 'ERR_GOB_TYPE'
  | 'ERR_NET_RPC_PROTOCOL'
  | 'ERR_LIMIT_EXCEEDED'
  | 'ERR_BAD_FRAME';

/** What a ProtocolError carries besides its message. */
export interface ProtocolErrorOptions extends PluginErrorOptions {
  /** The code to send to the peer: an HTTP/2 error code, a yamux go-away code. */
  readonly wireCode?: number;
}

/** The peer violated a wire format, or exceeded a limit. */
export class ProtocolError extends PluginError<ProtocolErrorCode> {
  readonly wireCode: number | undefined;

  constructor(code: ProtocolErrorCode, message: string, options: ProtocolErrorOptions = {}) {
    super(code, message, options);
    this.wireCode = options.wireCode;
  }
}

/** The codes of ClosedError. */
export type ClosedErrorCode = 'ERR_CLOSED' | 'ERR_NOT_STARTED' | 'ERR_ABORTED' | 'ERR_PLUGIN_EXITED';

/** The object was used before it was started or after it was closed. */
export class ClosedError extends PluginError<ClosedErrorCode> {}

/** The codes of PluginCallError. */
export type PluginCallErrorCode =
  | 'ERR_UNKNOWN_PLUGIN'
  | 'ERR_PLUGIN_PROTOCOL'
  | 'ERR_PING'
  | 'ERR_TIMEOUT'
  | 'ERR_BROKER_TIMEOUT'
  | 'ERR_BROKER'
  | 'ERR_TOO_MANY_CALLS';

/** A request to a running plugin failed: an unknown name, an unhealthy plugin, a timeout. */
export class PluginCallError extends PluginError<PluginCallErrorCode> {}

/** The codes of SupervisionError. */
export type SupervisionErrorCode =
  | 'ERR_RESTART_LIMIT'
  | 'ERR_NO_GENERATION'
  | 'ERR_ON_START'
  | 'ERR_VERSION_CHANGED'
  | 'ERR_RELOAD'
  | 'ERR_UNHEALTHY';

/** A supervised plugin is given up, does not run at the moment, or was replaced. */
export class SupervisionError extends PluginError<SupervisionErrorCode> {}

/** The peer's method returned an error over net/rpc. (A gRPC call fails with a GrpcError, with status and metadata.) */
export class RemoteError extends PluginError<'ERR_REMOTE'> {
  constructor(message: string, options?: PluginErrorOptions) {
    super('ERR_REMOTE', message, options);
  }
}

// On the prototypes, so that a printed error lists neither name nor brand.
Object.defineProperty(PluginError.prototype, BRAND, { value: true });
named(PluginError, 'PluginError');
named(OptionsError, 'OptionsError');
named(SecurityError, 'SecurityError');
named(StartError, 'StartError');
named(HandshakeError, 'HandshakeError');
named(TransportError, 'TransportError');
named(ProtocolError, 'ProtocolError');
named(ClosedError, 'ClosedError');
named(PluginCallError, 'PluginCallError');
named(SupervisionError, 'SupervisionError');
named(RemoteError, 'RemoteError');

/** The message of anything that was thrown: an Error's own, or else the value as text. */
export function errorMessage(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
