import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CallCredentials, ChannelCredentials, experimental } from '@grpc/grpc-js';

/** What a channel of grpc-js is made for: its name resolves to an address that nothing is behind. */
export const TARGET = 'rxplug:plugin';

/**
 * The address that grpc-js gives to `net.connect`. Its host is never looked up, so the socket never connects to anything: it says that it
 * has, and is thrown away for the connection that was dialed. A listener for it, however short-lived, would be a door to the process.
 */
const NOWHERE = {
  host: 'nowhere.invalid',
  port: 1,
  lookup(): void {},
  construct(this: Socket, done: () => void): void {
    done();
    this.emit('connect');
  },
};

type ResolverListener = ConstructorParameters<Parameters<typeof experimental.registerResolver>[1]>[1];

class NowhereResolver implements experimental.Resolver {
  readonly #listener: ResolverListener;
  #answered = false;

  constructor(_target: experimental.GrpcUri, listener: ResolverListener) {
    this.#listener = listener;
  }

  /** Answers once: grpc-js asks again whenever a connection fails, and would go on with the same address without end. */
  updateResolution(): void {
    if (this.#answered) return;
    this.#answered = true;
    const endpoints = experimental.statusOrFromValue([{ addresses: [NOWHERE] }]);
    process.nextTick(() => this.#listener(endpoints, {}, null, ''));
  }

  destroy(): void {}

  static getDefaultAuthority(): string {
    return 'localhost';
  }
}

/** Makes the target known to grpc-js; as often as you like. */
export function registerTarget(): void {
  experimental.registerResolver('rxplug', NowhereResolver);
}

/** Credentials with which a channel of grpc-js speaks over a connection that was dialed already: once, and never over another. */
export function dialedCredentials(dialed: Duplex, secure: boolean): ChannelCredentials {
  const none = CallCredentials.createEmpty();
  let left: Duplex | undefined = dialed;
  const connect = async (placeholder: Socket): Promise<experimental.SecureConnectResult> => {
    placeholder.destroy();
    const given = left;
    left = undefined;
    if (given === undefined) throw new Error('The connection is over.');
    // grpc-js asks for a Socket and hands it to node:http2, which takes any Duplex.
    return { socket: given as Socket, secure };
  };
  const connector = { connect, waitForReady: () => Promise.resolve(), getCallCredentials: () => none, destroy() {} };
  const credentials = ChannelCredentials.createInsecure();
  credentials._isSecure = () => secure;
  credentials._equals = (other) => other === credentials;
  credentials._createSecureConnector = () => connector;
  return credentials;
}
