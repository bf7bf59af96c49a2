import type { ServerInterceptingCallInterface } from '@grpc/grpc-js';

export type AuthContext = ReturnType<ServerInterceptingCallInterface['getAuthContext']>;
export type ConnectionInfo = ReturnType<ServerInterceptingCallInterface['getConnectionInfo']>;

/** The client's certificate, where TLS has verified one. */
export function authContextOf(connection: object): AuthContext {
  const getPeerCertificate: unknown = Reflect.get(connection, 'getPeerCertificate');
  if (Reflect.get(connection, 'authorized') !== true || typeof getPeerCertificate !== 'function') return {};
  const certificate = getPeerCertificate.call(connection) as NonNullable<AuthContext['sslPeerCertificate']>;
  const known = Object.keys(certificate).length > 0;
  return { transportSecurityType: 'ssl', ...(known ? { sslPeerCertificate: certificate } : {}) };
}

/** The addresses of both ends, where the transport has them. */
export function connectionInfoOf(connection: object): ConnectionInfo {
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
