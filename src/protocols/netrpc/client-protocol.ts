import type { Duplex } from 'node:stream';
import { BehaviorSubject, firstValueFrom, type Observable, takeUntil, throwError, timeout } from 'rxjs';
import { errorMessage, PluginCallError, PluginError, RemoteError } from '../../errors.js';
import { aborted } from '../../streams/aborted.js';
import { settledWithin } from '../../streams/settled-within.js';
import { secureDialer } from '../../transports/tls/tls.js';
import type { YamuxOptions } from '../../transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import type { PluginSet } from '../contract.js';
import type { ClientConnection, ClientProtocol, ClientProtocolFactory } from '../protocol.js';
import { notDispensable } from '../wrong-plugin.js';
import { MuxBroker, type MuxBrokerOptions } from './broker.js';
import { netRpcSidesOf } from './contract.js';
import { CONTROL, DISPENSER } from './control.js';
import { Hold } from './hold.js';
import { createNetRpcClient, type NetRpcClient } from './rpc-client.js';
import type { NetRpcSignature } from './rpc-service.js';
import { receiveStdio } from './stdio.js';

/** How a host speaks net/rpc. */
export interface NetRpcHostOptions {
  /** The session that carries everything. */
  readonly yamux?: YamuxOptions;
  /** Further connections inside it. */
  readonly broker?: MuxBrokerOptions;
}

/** For what the plugin printed last to be passed on, once nothing more can come. */
const LAST_OUTPUT_MS = 1000;
/** For the plugin to come to a stream that it has just offered. */
const DISPENSE_TIMEOUT_MS = 10_000;

/** Speaks net/rpc with a plugin, over one connection that is made at once (go-plugin rpc_client.go newRPCClient). */
export function netRpcClientProtocol(options: NetRpcHostOptions = {}): ClientProtocolFactory {
  return async (connection) => {
    const { dialer, tls, signal } = connection;
    const secured = tls === undefined ? dialer : secureDialer(dialer, tls);
    const session = createYamuxSession(await secured.dial({ signal }), { ...options.yamux, role: 'client' });
    try {
      // The plugin knows them by their order alone.
      const control = await session.open({ signal });
      const stdout = await session.open({ signal });
      const stderr = await session.open({ signal });
      return new NetRpcConversation(connection, options, { session, control, stdout, stderr });
    } catch (error) {
      await session.close();
      throw error;
    }
  };
}

/** The broker of a conversation. Throws PluginCallError ERR_BROKER when that is not spoken over net/rpc. */
export function muxBrokerOf({ name, broker }: ClientProtocol): MuxBroker {
  if (name === 'netrpc' && broker !== undefined) return broker as MuxBroker;
  throw new PluginCallError(
    'ERR_BROKER',
    `This plugin has no MuxBroker: ${name} is spoken with it. Over gRPC the broker is \`client.broker\`.`,
  );
}

interface Streams {
  readonly session: YamuxSession;
  readonly control: Duplex;
  readonly stdout: Duplex;
  readonly stderr: Duplex;
}

class NetRpcConversation implements ClientProtocol {
  readonly name = 'netrpc';
  readonly connected$: Observable<boolean>;
  readonly #connected = new BehaviorSubject(true);
  readonly #hold: Hold;
  readonly #plugins: PluginSet;
  readonly #signal: AbortSignal;
  readonly #streams: Streams;
  readonly broker: MuxBroker;
  readonly #control: NetRpcClient;
  readonly #settleOutput: readonly (() => Promise<void>)[];
  /** What was dispensed and not closed. */
  readonly #dispensed = new Set<NetRpcClient>();
  #closing: Promise<void> | undefined;

  constructor(connection: ClientConnection, options: NetRpcHostOptions, streams: Streams) {
    this.#plugins = connection.plugins;
    this.#signal = connection.signal;
    this.#streams = streams;
    this.#hold = new Hold(streams.session);
    this.#control = createNetRpcClient(streams.control, {}, this.#hold);
    this.broker = new MuxBroker(streams.session, options.broker, this.#hold);
    this.broker.start();
    this.connected$ = this.#connected.asObservable();
    void streams.session.closed.then(() => {
      // There is no way back: the plugin's objects were those of this connection. What we close ourselves is not lost.
      if (this.#closing === undefined) this.#connected.next(false);
    });
    this.#settleOutput = [
      receiveStdio(streams.stdout, connection.syncStdout),
      receiveStdio(streams.stderr, connection.syncStderr),
    ];
  }

  async dispense(name: string): Promise<unknown> {
    const contract = Object.hasOwn(this.#plugins, name) ? this.#plugins[name] : undefined;
    const sides = contract === undefined ? undefined : netRpcSidesOf(contract);
    if (sides === undefined) throw notDispensable(name, this.#plugins, this.name);
    const id = await this.#ask('Dispenser.Dispense', DISPENSER.Dispense, name, DISPENSE_TIMEOUT_MS);
    const stream = await this.broker.dialUnheld(id, { signal: this.#signal });
    const rpc = createNetRpcClient(stream, sides.codec, this.#hold);
    this.#dispensed.add(rpc);
    void rpc.closed.then(() => this.#dispensed.delete(rpc));
    return sides.client({ rpc, broker: this.broker, signal: this.#signal });
  }

  async ping({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    try {
      await this.#ask('Control.Ping', CONTROL.Ping, true, timeoutMs);
    } catch (cause) {
      const message = errorMessage(cause);
      throw new PluginCallError('ERR_PING', `The plugin does not answer the ping: ${message}`, { cause });
    }
  }

  async shutdown({ timeoutMs }: { readonly timeoutMs: number }): Promise<boolean> {
    if (this.#control.isOver) return false;
    try {
      await this.#ask('Control.Quit', CONTROL.Quit, true, timeoutMs);
      return true;
    } catch (error) {
      // go-plugin: the plugin may be gone before its answer is out (rpc_server.go Quit); only a refusal is known to have failed.
      return !(error instanceof RemoteError);
    }
  }

  close(because?: Error): Promise<void> {
    this.#closing ??= this.#close(PluginError.is(because) ? because : undefined);
    return this.#closing;
  }

  /** In go-plugin's order (rpc_client.go Close). */
  async #close(because: PluginError | undefined): Promise<void> {
    const { session, stdout, stderr } = this.#streams;
    void this.#control.close(because);
    for (const rpc of this.#dispensed) void rpc.close(because);
    stdout.end();
    stderr.end();
    await settledWithin(LAST_OUTPUT_MS, Promise.all(this.#settleOutput.map((settle) => settle())));
    this.broker.close();
    await session.close();
    this.#hold.end();
    this.#connected.complete();
  }

  #ask<Args, Reply>(name: string, method: NetRpcSignature<Args, Reply>, args: Args, timeoutMs: number): Promise<Reply> {
    const reply$ = this.#control
      .call(name, method.args, args, method.reply)
      .pipe(
        timeout({ first: timeoutMs, with: () => throwError(() => noAnswer(name, timeoutMs)) }),
        takeUntil(aborted(this.#signal)),
      );
    return firstValueFrom(reply$);
  }
}

function noAnswer(name: string, timeoutMs: number): PluginCallError {
  return new PluginCallError('ERR_TIMEOUT', `The plugin did not answer ${name} within ${timeoutMs} ms.`);
}
