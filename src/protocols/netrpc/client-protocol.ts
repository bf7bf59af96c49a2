import type { Duplex } from 'node:stream';
import { BehaviorSubject, firstValueFrom, mergeMap, type Observable, ReplaySubject, takeUntil, throwError } from 'rxjs';
import { errorMessage, PluginCallError, PluginError, RemoteError } from '../../errors.js';
import { aborted } from '../../streams/aborted.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import { settledWithin } from '../../streams/settled-within.js';
import { secureDialer } from '../../transports/tls/tls.js';
import { checkYamuxOptions, type YamuxOptions } from '../../transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import { checkOptions } from '../../wire/option-names.js';
import type { PluginSet } from '../contract.js';
import { notDispensable } from '../contract-errors.js';
import { peerOf } from '../peer.js';
import type { ClientConnection, ClientProtocol, ClientProtocolFactory } from '../protocol.js';
import { netRpcSidesOf } from './contract.js';
import { CONTROL, DISPENSER } from './control.js';
import { MUX_BROKER_OPTION_NAMES, type MuxBrokerOptions } from './mux-broker.js';
import { RefCount } from './ref-count.js';
import { createNetRpcClient, type NetRpcClient, type NetRpcClientOptions } from './rpc-client.js';
import type { NetRpcSignature } from './rpc-service.js';
import { receiveStdio } from './stdio.js';
import { YamuxBroker } from './yamux-broker.js';

/** How a host speaks net/rpc with its plugins. */
export interface NetRpcHostOptions {
  /** The yamux session that carries all streams. */
  readonly yamux?: YamuxOptions;
  /** The broker of further streams in that session. */
  readonly broker?: MuxBrokerOptions;
}

/** How long closing waits for output that was received but not passed on yet. */
const LAST_OUTPUT_MS = 1000;
/** How long the end of the session may come after that of its control stream: closing takes up to a second. */
const SESSION_END_MS = 1500;
/** The exit of a process may be noticed so much later than the end of its connection. */
const REASON_TIMEOUT_MS = 2000;
/** How long the plugin may take to answer `Dispense`. */
const DISPENSE_TIMEOUT_MS = 10_000;

/**
 * Connects to a plugin over net/rpc (go-plugin rpc_client.go newRPCClient). There is one connection, made at once, and no second one.
 *
 * @example
 * bind(NETRPC_CLIENT_PROTOCOL).toConstantValue(netRpcClientProtocol({ broker: { timeoutMs: 10_000 } }));
 */
export function netRpcClientProtocol(options: NetRpcHostOptions = {}): ClientProtocolFactory {
  checkOptions('net/rpc of a host', options, ['yamux', 'broker']);
  checkYamuxOptions(options.yamux);
  checkOptions('`broker`', options.broker, MUX_BROKER_OPTION_NAMES);
  return async (connection) => {
    const { dialer, tls, signal } = connection;
    const secured = tls === undefined ? dialer : secureDialer(dialer, tls);
    const session = createYamuxSession(await secured.dial({ signal }), { ...options.yamux, role: 'client' });
    try {
      // The plugin tells them apart by their order.
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

interface Streams {
  readonly session: YamuxSession;
  readonly control: Duplex;
  readonly stdout: Duplex;
  readonly stderr: Duplex;
}

/** go-plugin's RPCClient. */
class NetRpcConversation implements ClientProtocol {
  readonly name = 'netrpc';
  readonly connected$: Observable<boolean>;
  readonly #connected = new BehaviorSubject(true);
  readonly lost$: Observable<PluginError>;
  readonly #lost = new ReplaySubject<PluginError>(1);
  readonly #refs: RefCount;
  readonly #plugins: PluginSet;
  readonly #signal: AbortSignal;
  readonly #clientOptions: NetRpcClientOptions;
  readonly #streams: Streams;
  readonly broker: YamuxBroker;
  readonly #control: NetRpcClient;
  /** Each resolves when the output received so far has been passed on. */
  readonly #flushOutput: readonly (() => Promise<void>)[];
  /** Clients that were dispensed and are not closed. */
  readonly #dispensed = new Set<NetRpcClient>();
  #closing: Promise<void> | undefined;

  constructor(connection: ClientConnection, options: NetRpcHostOptions, streams: Streams) {
    this.#plugins = connection.plugins;
    this.#signal = connection.signal;
    this.#clientOptions = {
      reasonTimeoutMs: REASON_TIMEOUT_MS,
      ...peerOf(connection),
    };
    this.#streams = streams;
    this.#refs = new RefCount(streams.session);
    this.#control = createNetRpcClient(streams.control, {}, this.#refs);
    this.broker = new YamuxBroker({ session: streams.session, refs: this.#refs }, options.broker);
    this.broker.start();
    this.connected$ = this.#connected.asObservable();
    this.lost$ = this.#lost.asObservable();
    this.#watch();
    this.#flushOutput = [
      receiveStdio(streams.stdout, connection.syncStdout),
      receiveStdio(streams.stderr, connection.syncStderr),
    ];
  }

  dispense(name: string): Promise<unknown> {
    return this.#explained(this.#dispense(name));
  }

  async #dispense(name: string): Promise<unknown> {
    const contract = Object.hasOwn(this.#plugins, name) ? this.#plugins[name] : undefined;
    const sides = contract === undefined ? undefined : netRpcSidesOf(contract);
    if (sides === undefined) throw notDispensable(name, this.#plugins, this.name);
    const id = await this.#ask('Dispenser.Dispense', DISPENSER.Dispense, name, DISPENSE_TIMEOUT_MS);
    const stream = await this.broker.dialWithoutRef(id, { signal: this.#signal });
    const rpc = createNetRpcClient(stream, { ...sides.codec, ...this.#clientOptions }, this.#refs);
    this.#dispensed.add(rpc);
    void rpc.closed.then(() => this.#dispensed.delete(rpc));
    return sides.client({ rpc, broker: this.broker, signal: this.#signal });
  }

  async ping({ timeoutMs }: { readonly timeoutMs: number }): Promise<void> {
    try {
      await this.#explained(this.#ask('Control.Ping', CONTROL.Ping, true, timeoutMs));
    } catch (cause) {
      const message = errorMessage(cause);
      throw new PluginCallError('ERR_PING', `The plugin did not answer the ping: ${message}`, { cause });
    }
  }

  async shutdown({ timeoutMs }: { readonly timeoutMs: number }): Promise<boolean> {
    if (this.#control.isOver) return false;
    try {
      await this.#ask('Control.Quit', CONTROL.Quit, true, timeoutMs);
      return true;
    } catch (error) {
      // go-plugin: the plugin may exit before its answer is sent (rpc_server.go Quit); only an error reply is a known failure.
      return !(error instanceof RemoteError);
    }
  }

  close(because?: Error): Promise<void> {
    this.#closing ??= this.#close(PluginError.is(because) ? because : undefined);
    return this.#closing;
  }

  /** Closes everything in go-plugin's order (rpc_client.go Close). */
  async #close(because: PluginError | undefined): Promise<void> {
    const { session, stdout, stderr } = this.#streams;
    void this.#control.close(because);
    for (const rpc of this.#dispensed) void rpc.close(because);
    stdout.end();
    stderr.end();
    await settledWithin(LAST_OUTPUT_MS, Promise.all(this.#flushOutput.map((flush) => flush())));
    this.broker.close();
    await session.close();
    this.#refs.close();
    this.#connected.complete();
    this.#lost.complete();
  }

  /**
   * There is no reconnecting: the dispensed objects belong to this connection. Nor can anything be asked of the plugin without the control
   * stream, whatever else still works.
   */
  #watch(): void {
    const { closed } = this.#streams.session;
    void closed.then((cause) => {
      if (this.#closing === undefined) this.#connected.next(false);
      this.#onLost(cause);
    });
    void this.#control.closed.then(async (cause) => {
      // The end of the session, which ends this stream too, tells more.
      await settledWithin(SESSION_END_MS, closed);
      this.#onLost(cause);
    });
  }

  /** Closing the connection ourselves is not losing it. */
  #onLost(cause: PluginError | undefined): void {
    if (this.#closing === undefined && cause !== undefined) this.#lost.next(cause);
    this.#lost.complete();
  }

  /** A lost connection is often the first sign of an exit, which tells more: that is the reason of the signal, which soon follows. */
  async #explained<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      if (!PluginError.is(error) || error.code !== 'ERR_CONNECTION_LOST') throw error;
      const gone$ = aborted(this.#signal).pipe(takeUntil(loopTimer(REASON_TIMEOUT_MS)));
      await firstValueFrom(gone$, { defaultValue: undefined }).catch(() => {});
      throw this.#signal.aborted ? this.#signal.reason : error;
    }
  }

  #ask<Args, Reply>(name: string, method: NetRpcSignature<Args, Reply>, args: Args, timeoutMs: number): Promise<Reply> {
    const reply$ = this.#control
      .call(name, method.args, args, method.reply)
      .pipe(
        takeUntil(loopTimer(timeoutMs).pipe(mergeMap(() => throwError(() => noAnswer(name, timeoutMs))))),
        takeUntil(aborted(this.#signal)),
      );
    return firstValueFrom(reply$);
  }
}

function noAnswer(name: string, timeoutMs: number): PluginCallError {
  return new PluginCallError('ERR_TIMEOUT', `The plugin did not answer ${name} within ${timeoutMs} ms.`);
}
