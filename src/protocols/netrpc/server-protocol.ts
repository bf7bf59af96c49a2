import type { Duplex } from 'node:stream';
import { firstValueFrom, Subject, Subscription, take, takeUntil, timer, toArray } from 'rxjs';
import { RemoteError } from '../../errors.js';
import { settledWithin } from '../../streams/settled-within.js';
import { secureListener } from '../../transports/tls/tls.js';
import type { Listener } from '../../transports/transport.js';
import type { YamuxOptions } from '../../transports/yamux/options.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import { CallGate } from '../call-gate.js';
import type { ServerConnection, ServerProtocol, ServerProtocolFactory } from '../protocol.js';
import { notServable } from '../wrong-plugin.js';
import { MuxBroker, type MuxBrokerOptions } from './broker.js';
import { netRpcSidesOf } from './contract.js';
import { createControl } from './control.js';
import { createDispenser } from './dispenser.js';
import { serveNetRpc } from './rpc-server.js';
import type { NetRpcServices } from './rpc-service.js';
import { StdioFeed } from './stdio.js';

/** How a plugin serves net/rpc. */
export interface NetRpcPluginOptions {
  /** The session that carries everything. */
  readonly yamux?: YamuxOptions;
  /** Further connections inside it. */
  readonly broker?: MuxBrokerOptions;
  /** How long a connection may take to open its three streams. @default 10 000 ms */
  readonly openTimeoutMs?: number;
}

/** Bound of `onShutdown` and of the flush of stdout and stderr, before the host is answered. */
const SHUTDOWN_STEP_MS = 2000;
const OPEN_TIMEOUT_MS = 10_000;

/** Serves a plugin over net/rpc (go-plugin rpc_server.go). */
export function netRpcServerProtocol(options: NetRpcPluginOptions = {}): ServerProtocolFactory {
  return (connection) => {
    for (const [name, { contract }] of Object.entries(connection.implementations)) {
      if (netRpcSidesOf(contract) === undefined) throw notServable(name, contract, 'netrpc');
    }
    const serving = new NetRpcHosting(connection, options);
    serving.accept();
    return Promise.resolve(serving);
  };
}

class NetRpcHosting implements ServerProtocol {
  readonly name = 'netrpc';
  readonly ended: Promise<void>;
  readonly #connection: ServerConnection;
  readonly #options: NetRpcPluginOptions;
  readonly #listener: Listener;
  readonly #stdout: StdioFeed;
  readonly #stderr: StdioFeed;
  readonly #sessions = new Set<YamuxSession>();
  readonly #gate = new CallGate(() => new RemoteError('the plugin is ending and takes no more calls'));
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

  drain(): Promise<void> {
    return this.#gate.drain();
  }

  async close(): Promise<void> {
    await this.#listener.close();
    this.#lifetime.unsubscribe();
    await Promise.all([...this.#sessions].map((session) => session.close()));
    this.#end.next();
  }

  /** Each connection has streams, a broker and dispensed objects of its own. */
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
    serveNetRpc(control, this.#services(session));
  }

  /** Told apart by their order; fewer than three when the connection ends or dawdles. */
  #firstStreams(session: YamuxSession): Promise<readonly Duplex[]> {
    const late$ = timer(this.#options.openTimeoutMs ?? OPEN_TIMEOUT_MS);
    return firstValueFrom(session.stream$.pipe(take(3), takeUntil(late$), toArray()));
  }

  #services(session: YamuxSession): NetRpcServices {
    const { implementations, logger } = this.#connection;
    const broker = new MuxBroker(session, this.#options.broker);
    const lifetime = new Subscription();
    void session.closed.then(() => lifetime.unsubscribe());
    broker.start();
    return new Map([
      ['Control', createControl({ beforeAnswer: () => this.#prepareEnd(), onQuit: () => this.#end.next() })],
      ['Dispenser', createDispenser({ implementations, broker, gate: this.#gate, logger, lifetime })],
    ]);
  }

  /** The program's last words reach the host before the answer does. */
  #prepareEnd(): Promise<void> {
    const flush = (): Promise<unknown> => Promise.all([this.#stdout.flush(), this.#stderr.flush()]);
    this.#preparing ??= settledWithin(SHUTDOWN_STEP_MS, this.#connection.onShutdown().then(flush)).then(() => {
      // The host may not take the answer.
      this.#lifetime.add(timer(SHUTDOWN_STEP_MS).subscribe(() => this.#end.next()));
    });
    return this.#preparing;
  }
}
