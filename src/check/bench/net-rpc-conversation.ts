import type { Duplex } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { RemoteError } from '../../errors.js';
import { CONTROL } from '../../protocols/netrpc/control.js';
import { createNetRpcClient, type NetRpcClient } from '../../protocols/netrpc/rpc-client.js';
import type { Dialer } from '../../transports/transport.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import { bounded } from './bounded.js';
import { ANSWER_MS } from './grpc-conversation.js';

/** A host's connection over net/rpc: the session and its first three streams. */
export class NetRpcConversation implements AsyncDisposable {
  readonly control: NetRpcClient;
  readonly #session: YamuxSession;

  private constructor(
    session: YamuxSession,
    control: Duplex,
    readonly stdout: Duplex,
    readonly stderr: Duplex,
  ) {
    this.#session = session;
    this.control = createNetRpcClient(control);
    for (const stream of [stdout, stderr]) stream.on('error', () => {}).resume();
  }

  static async open(dialer: Dialer): Promise<NetRpcConversation> {
    const session = createYamuxSession(await dialer.dial(), { role: 'client' });
    try {
      const streams = [await session.open(), await session.open(), await session.open()] as const;
      return new NetRpcConversation(session, ...streams);
    } catch (error) {
      await session.close();
      throw error;
    }
  }

  /** How many of the three streams the plugin has not accepted. */
  get unaccepted(): number {
    return this.#session.counts.unacknowledged;
  }

  async ping(): Promise<void> {
    await this.#ask('Ping');
  }

  /** The answer may get lost: Go plugins exit meanwhile. */
  async end(): Promise<string> {
    try {
      await this.#ask('Quit');
      return 'answered';
    } catch (error) {
      if (error instanceof RemoteError || !this.control.isOver) throw error;
      return 'the connection closed';
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.close();
  }

  async #ask(name: keyof typeof CONTROL): Promise<void> {
    const { args, reply } = CONTROL[name];
    await bounded(
      ANSWER_MS,
      `answer to Control.${name}`,
      firstValueFrom(this.control.call(`Control.${name}`, args, true, reply)),
    );
  }
}
