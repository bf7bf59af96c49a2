import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { CallCredentials, ChannelCredentials, experimental } from '@grpc/grpc-js';

/** The target of every grpc-js channel here. It resolves to a placeholder. */
export const TARGET = 'rxplug:plugin';

/**
 * The options that grpc-js passes to `net.connect`. `construct` reports a connection and `lookup` never answers, so that the socket connects
 * to nothing; it is then replaced by the dialed connection. A real listener instead would be reachable for other processes.
 */
const PLACEHOLDER = {
  host: 'nowhere.invalid',
  port: 1,
  lookup(): void {},
  construct(this: Socket, done: () => void): void {
    done();
    this.emit('connect');
  },
};

type ResolverListener = ConstructorParameters<Parameters<typeof experimental.registerResolver>[1]>[1];

class PlaceholderResolver implements experimental.Resolver {
  readonly #listener: ResolverListener;
  #answered = false;

  constructor(_target: experimental.GrpcUri, listener: ResolverListener) {
    this.#listener = listener;
  }

  /** Answers once: grpc-js asks again after each failed connection, and would retry the same address forever. */
  updateResolution(): void {
    if (this.#answered) return;
    this.#answered = true;
    const endpoints = experimental.statusOrFromValue([{ addresses: [PLACEHOLDER] }]);
    process.nextTick(() => this.#listener(endpoints, {}, null, ''));
  }

  destroy(): void {}

  static getDefaultAuthority(): string {
    return 'localhost';
  }
}

/** Registers the target with grpc-js. Idempotent. */
export function registerTarget(): void {
  experimental.registerResolver('rxplug', PlaceholderResolver);
}

/** Credentials that make a grpc-js channel use a connection that was dialed already. They work once: a channel has one connection. */
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
