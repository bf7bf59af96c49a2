import type { Duplex } from 'node:stream';
import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';
import type { CallHost, NativeCall } from './native-call.js';

type AuthContext = ReturnType<ServerInterceptingCallInterface['getAuthContext']>;
type ConnectionInfo = ReturnType<ServerInterceptingCallInterface['getConnectionInfo']>;

/** The connection on which calls come: who is at its other end, and who tells calls that they are over. */
export class NativePeer implements CallHost {
  readonly maxReceiveBytes: number;
  readonly maxSendBytes: number;
  readonly connectionInfo: ConnectionInfo;
  /** `address:port`, or `unknown` where the transport has none. */
  readonly peer: string;
  readonly #connection: Duplex;
  #over: NativeCall[] = [];

  constructor(connection: Duplex, limits: { readonly maxReceiveBytes: number; readonly maxSendBytes: number }) {
    this.maxReceiveBytes = limits.maxReceiveBytes;
    this.maxSendBytes = limits.maxSendBytes;
    this.#connection = connection;
    this.connectionInfo = connectionInfoOf(connection);
    const { remoteAddress, remotePort } = this.connectionInfo;
    this.peer = [remoteAddress, remotePort].filter((part) => part !== undefined).join(':') || 'unknown';
  }

  /** The client's certificate, where TLS has verified one. */
  authContext(): AuthContext {
    const getPeerCertificate: unknown = Reflect.get(this.#connection, 'getPeerCertificate');
    if (Reflect.get(this.#connection, 'authorized') !== true || typeof getPeerCertificate !== 'function') return {};
    const certificate = getPeerCertificate.call(this.#connection) as NonNullable<AuthContext['sslPeerCertificate']>;
    return { transportSecurityType: 'ssl', ...(isEmpty(certificate) ? {} : { sslPeerCertificate: certificate }) };
  }

  /** Told at the end of the turn, all together: what was answered in it has been written by then. */
  onOver(call: NativeCall): void {
    this.#over.push(call);
    if (this.#over.length === 1) setImmediate(() => this.#tell());
  }

  #tell(): void {
    const over = this.#over;
    this.#over = [];
    for (const call of over) call.tellOver();
  }
}

function connectionInfoOf(connection: object): ConnectionInfo {
  const text = (name: string) => {
    const value: unknown = Reflect.get(connection, name);
    return typeof value === 'string' ? value : undefined;
  };
  const port = (name: string) => {
    const value: unknown = Reflect.get(connection, name);
    return typeof value === 'number' ? value : undefined;
  };
  return {
    localAddress: text('localAddress'),
    localPort: port('localPort'),
    remoteAddress: text('remoteAddress'),
    remotePort: port('remotePort'),
  };
}

function isEmpty(certificate: object): boolean {
  return Object.keys(certificate).length === 0;
}
