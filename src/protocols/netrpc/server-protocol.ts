import type { Duplex } from 'node:stream';
import { firstValueFrom, Subject, Subscription, take, takeUntil, toArray } from 'rxjs';
import { RemoteError } from '../../errors.js';
import { loopTimer } from '../../streams/loop-timeout.js';
import { settledWithin } from '../../streams/settled-within.js';
import { secureListener } from '../../transports/tls/tls.js';
import type { Listener } from '../../transports/transport.js';
import { checkYamuxOptions, type YamuxOptions } from '../../transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import { checkOptions } from '../../wire/option-names.js';
import { notServable } from '../contract-errors.js';
import type { ServerConnection, ServerProtocol, ServerProtocolFactory } from '../protocol.js';
import { RunningCalls } from '../running-calls.js';
import { netRpcSidesOf } from './contract.js';
import { createControl } from './control.js';
import { createDispenser } from './dispenser.js';
import { MUX_BROKER_OPTION_NAMES, type MuxBrokerOptions } from './mux-broker.js';
import { serveNetRpc } from './rpc-server.js';
import type { NetRpcServices } from './rpc-service.js';
import { StdioFeed } from './stdio.js';
import { YamuxBroker } from './yamux-broker.js';

/** How a plugin serves net/rpc. */
export interface NetRpcPluginOptions {
  /** The yamux session that carries all streams of a connection. */
  readonly yamux?: YamuxOptions;
  /** The broker of further streams in that session. */
  readonly broker?: MuxBrokerOptions;
  /** How long a connection may take to open its three streams. @default 10 000 ms */
  readonly openTimeoutMs?: number;
}

/** How long Quit waits for `onShutdown` and the flush of stdout and stderr, and then for the answer to be read. */
const SHUTDOWN_STEP_MS = 2000;
const OPEN_TIMEOUT_MS = 10_000;

/**
 * Serves a plugin over net/rpc (go-plugin rpc_server.go).
 *
 * @example
 * bind(NETRPC_SERVER_PROTOCOL).toConstantValue(netRpcServerProtocol({ broker: { timeoutMs: 10_000 } }));
 */
export function netRpcServerProtocol(options: NetRpcPluginOptions = {}): ServerProtocolFactory {
  checkOptions('net/rpc of a plugin', options, ['yamux', 'broker', 'openTimeoutMs']);
  checkYamuxOptions(options.yamux);
  checkOptions('`broker`', options.broker, MUX_BROKER_OPTION_NAMES);
  return (connection) => {
    for (const [name, { contract }] of Object.entries(connection.implementations)) {
      if (netRpcSidesOf(contract) === undefined) throw notServable(name, contract, 'netrpc');
    }
    const server = new NetRpcServer(connection, options);
    server.accept();
    return Promise.resolve(server);
  };
}

/** go-plugin's RPCServer. */
class NetRpcServer implements ServerProtocol {
  readonly name = 'netrpc';
  readonly ended: Promise<void>;
  readonly #connection: ServerConnection;
  readonly #options: NetRpcPluginOptions;
  readonly #listener: Listener;
  readonly #stdout: StdioFeed;
  readonly #stderr: StdioFeed;
  readonly #sessions = new Set<YamuxSession>();
  readonly #calls = new RunningCalls(() => new RemoteError('the plugin is shutting down and accepts no more calls'));
  readonly #lifetime = new Subscription();
  readonly #end = new Subject<void>();
  #preparing: Promise<void> | undefined;

  constructor(connection: ServerConnection, options: NetRpcPluginOptions) {
    const { listener, tls, syncStdout, syncStderr } = connection;
    this.#connection = connection;
    this.#options = options;
    this.#listener = tls === undefined ? listener : secureListener(listener, tls);
    this.#stdout = new StdioFeed(syncStdout);
    this.#stderr = new StdioFeed(syncStderr);
    this.ended = firstValueFrom(this.#end, { defaultValue: undefined });
  }

  accept(): void {
    const accepting = this.#listener.connection$.subscribe({
      next: (connection) => void this.#serve(connection),
      error: () => this.#end.next(),
      complete: () => this.#end.next(),
    });
    this.#lifetime.add(accepting);
  }

  async drain(): Promise<void> {
    await this.#calls.drain();
    await Promise.all([...this.#sessions].map((session) => session.sent()));
  }

  async close(): Promise<void> {
    await this.#listener.close();
    this.#lifetime.unsubscribe();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#end.next();
  }

  /** Each connection has its own streams, broker and dispensed objects. */
  async #serve(connection: Duplex): Promise<void> {
    const session = createYamuxSession(connection, { ...this.#options.yamux, role: 'server' });
    this.#sessions.add(session);
    void session.closed.then(() => this.#sessions.delete(session));
    const [control, stdout, stderr] = await this.#firstStreams(session);
    if (control === undefined || stdout === undefined || stderr === undefined) {
      await session.close();
      return;
    }
    this.#stdout.attach(stdout);
    this.#stderr.attach(stderr);
    serveNetRpc(control, this.#services(session), { logger: this.#connection.logger });
  }

  /** Control, stdout and stderr, in this order; fewer when the connection ends or the timeout passes before. */
  #firstStreams(session: YamuxSession): Promise<readonly Duplex[]> {
    const late$ = loopTimer(this.#options.openTimeoutMs ?? OPEN_TIMEOUT_MS);
    return firstValueFrom(session.stream$.pipe(take(3), takeUntil(late$), toArray()));
  }

  #services(session: YamuxSession): NetRpcServices {
    const { implementations, logger } = this.#connection;
    const broker = new YamuxBroker({ session }, this.#options.broker);
    const lifetime = new Subscription();
    void session.closed.then(() => lifetime.unsubscribe());
    broker.start();
    return new Map([
      ['Control', createControl({ beforeAnswer: () => this.#prepareQuit(), onQuit: () => this.#end.next() })],
      ['Dispenser', createDispenser({ implementations, broker, calls: this.#calls, logger, lifetime })],
    ]);
  }

  /** Runs the shutdown hooks and flushes the program's output, so that both reach the host before the answer to Quit. */
  #prepareQuit(): Promise<void> {
    const flush = (): Promise<unknown> => Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
    this.#preparing ??= settledWithin(SHUTDOWN_STEP_MS, this.#connection.onShutdown().then(flush)).then(() => {
      // A host that does not read the answer must not keep the plugin running.
      this.#lifetime.add(loopTimer(SHUTDOWN_STEP_MS).subscribe(() => this.#end.next()));
    });
    return this.#preparing;
  }
}
