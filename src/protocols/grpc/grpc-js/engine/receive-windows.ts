import type { Server } from '@grpc/grpc-js';

/** How much a peer may send ahead of its reader. */
export interface ReceiveWindows {
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

/**
 * Gives the connections that `createInjector` will serve larger receive windows than HTTP/2's 64 KiB, with which an upload runs at
 * a third of its speed. grpc-js has no option for them on the server: the two properties used here are private, and where they are
 * missing or look different the windows stay as they are.
 */
export function withReceiveWindows<T>(server: Server, windows: ReceiveWindows, createInjector: () => T): T {
  const http2Options: unknown = Reflect.get(server, 'commonServerOptions');
  if (isObject(http2Options)) {
    const settings: unknown = Reflect.get(http2Options, 'settings');
    const widened = { ...(isObject(settings) ? settings : {}), initialWindowSize: windows.streamWindowBytes };
    Reflect.set(http2Options, 'settings', widened);
  }
  const injector = createInjector();
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  for (const http2Server of http2Servers instanceof Map ? http2Servers.keys() : []) {
    const on: unknown = isObject(http2Server) ? Reflect.get(http2Server, 'on') : undefined;
    if (typeof on === 'function') on.call(http2Server, 'session', (session: unknown) => widen(session, windows));
  }
  return injector;
}

function widen(session: unknown, { connectionWindowBytes }: ReceiveWindows): void {
  if (!isObject(session) || !('setLocalWindowSize' in session)) return;
  if (typeof session.setLocalWindowSize === 'function') session.setLocalWindowSize(connectionWindowBytes);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
