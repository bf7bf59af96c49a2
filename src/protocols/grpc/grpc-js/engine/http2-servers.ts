import { type ConnectionInjector, type Server, ServerCredentials } from '@grpc/grpc-js';
import { MAX_TIMER_MS } from '../../../../wire/duration.js';
import { parseTimeout } from '../../shared/deadline.js';

/** Receive windows, in bytes. */
export interface ReceiveWindows {
  readonly streamWindowBytes: number;
  readonly connectionWindowBytes: number;
}

/**
 * The injector of a server, with two things that grpc-js has no options for: receive windows larger than HTTP/2's 64 KiB, with which an
 * upload runs at a third of its speed, and deadlines that do not fit into its 32-bit timers. It is done through two private properties of
 * the server; where they are missing or look different, the server stays as it is.
 */
export function createInjector(server: Server, windows: ReceiveWindows): ConnectionInjector {
  setStreamWindow(server, windows.streamWindowBytes);
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure());
  const http2Servers: unknown = Reflect.get(server, 'http2Servers');
  for (const http2Server of http2Servers instanceof Map ? http2Servers.keys() : []) {
    listen(http2Server, 'on', 'session', (session) => setConnectionWindow(session, windows.connectionWindowBytes));
    listen(http2Server, 'prependListener', 'stream', (_stream, headers) => removeLongTimeout(headers));
  }
  return injector;
}

function setStreamWindow(server: Server, initialWindowSize: number): void {
  const http2Options: unknown = Reflect.get(server, 'commonServerOptions');
  if (!isObject(http2Options)) return;
  const settings: unknown = Reflect.get(http2Options, 'settings');
  Reflect.set(http2Options, 'settings', { ...(isObject(settings) ? settings : {}), initialWindowSize });
}

function listen(
  emitter: unknown,
  how: 'on' | 'prependListener',
  event: string,
  listener: (...args: unknown[]) => void,
): void {
  const add: unknown = isObject(emitter) ? Reflect.get(emitter, how) : undefined;
  if (typeof add === 'function') add.call(emitter, event, listener);
}

function setConnectionWindow(session: unknown, bytes: number): void {
  if (!isObject(session) || !('setLocalWindowSize' in session)) return;
  if (typeof session.setLocalWindowSize === 'function') session.setLocalWindowSize(bytes);
}

/** grpc-js computes with 32 bits: a longer timeout overflows, and the call ends at once. Without the header it has no deadline. */
function removeLongTimeout(headers: unknown): void {
  if (!isObject(headers) || !('grpc-timeout' in headers)) return;
  const timeoutMs = parseTimeout(String(headers['grpc-timeout']));
  if (timeoutMs !== undefined && timeoutMs > MAX_TIMER_MS) Reflect.deleteProperty(headers, 'grpc-timeout');
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null;
}
