import type { Duplex } from 'node:stream';
import { defer, filter, map, Observable, type ObservableInput, Subject, tap } from 'rxjs';
import { ClosedError } from '../../../errors.js';
import { onAbort } from '../../../streams/on-abort.js';
import { usingAsync } from '../../../streams/using-async.js';
import { secureListener, type TlsConfig } from '../../../transports/tls/tls.js';
import type { Listener } from '../../../transports/transport.js';
import type { BrokerRequest } from '../../broker-request.js';
import type { GrpcChannel } from '../client/channel.js';
import { type GrpcChannelSettings, securedChannelOptions } from '../client/channel-options.js';
import { createGrpcClient, type GrpcClientOptions } from '../client/client.js';
import type { GrpcEndpoints } from '../engine.js';
import type { ConnInfo } from '../gen/internal/plugin/grpc_broker.js';
import type { GrpcServer, GrpcServerOptions } from '../server/grpc-server.js';
import type { ClientOf, HandlersOf, ServiceDefinition } from '../shared/service-definition.js';
import { AcceptedIds } from './accepted-ids.js';
import type { BrokerDialOptions, GrpcBroker, GrpcBrokerCounts } from './grpc-broker.js';
import type { BrokerLink } from './link.js';
import type { BrokerRoute } from './route.js';

/** The parts of a broker. */
export interface BrokerParts {
  readonly link: BrokerLink;
  readonly route: BrokerRoute;
  /** Ends the link. */
  readonly closeLink: () => void;
  readonly tls: TlsConfig | undefined;
  readonly endpoints: GrpcEndpoints;
  /** Options of brokered servers, dialed channels, and borrowed clients. */
  readonly server: GrpcServerOptions;
  readonly channel: GrpcChannelSettings;
  readonly client: GrpcClientOptions;
  /** How long calls on a dialed channel that has lost its connection wait for `close` to tell the reason. */
  readonly reasonTimeoutMs: number;
  /** Whether listeners and their connections keep the process alive. */
  readonly keepsAlive: boolean;
}

/** Ids, serving, TLS and lifetimes of brokered connections; the route makes the connections. */
export class Broker implements GrpcBroker {
  readonly #parts: BrokerParts;
  readonly #ids = new AcceptedIds();
  readonly #channels = new Set<GrpcChannel>();
  /** Listeners that are being opened, and everything that is being closed. */
  readonly #steps = new Set<Promise<void>>();
  readonly #end = new Subject<void>();
  #requests$: Observable<BrokerRequest> | undefined;
  #lastId = 0;
  #closed: Promise<void> | undefined;
  #because: Error | undefined;

  constructor(parts: BrokerParts) {
    this.#parts = parts;
  }

  get requests$(): Observable<BrokerRequest> {
    // Most plugins never ask, and would load two files of rxjs at each start.
    this.#requests$ ??= this.#parts.link.message$.pipe(
      filter(({ knock }) => knock?.ack !== true),
      map(toRequest),
    );
    return this.#requests$;
  }

  get counts(): GrpcBrokerCounts {
    const { pending, streams } = this.#parts.route;
    return { accepting: this.#ids.size, channels: this.#channels.size, pending, streams };
  }

  /** go-plugin: wraps at 2^32 (grpc_broker.go NextId). */
  nextId(): number {
    this.#lastId = (this.#lastId + 1) >>> 0;
    return this.#lastId;
  }

  accept(id: number): Observable<Duplex> {
    return this.#listening(id, ({ connection$ }) => connection$);
  }

  acceptAndServe(
    id: number,
    register: (server: GrpcServer) => void,
    given: GrpcServerOptions = {},
  ): Observable<number> {
    const { endpoints } = this.#parts;
    const options = { ...this.#parts.server, ...given };
    return new Observable((subscriber) => {
      const server = endpoints.createServer(options);
      // Before the peer is told: a service that cannot be added is an error of the caller.
      register(server);
      this.#listening(id, ({ connection$ }) => injecting(server, connection$, id)).subscribe(subscriber);
      subscriber.add(() => void this.#track(server.close()));
    });
  }

  async dial(id: number, { signal, channel: given = {} }: BrokerDialOptions = {}): Promise<GrpcChannel> {
    this.#throwIfClosed();
    const { endpoints, route, tls, reasonTimeoutMs } = this.#parts;
    const options = { ...this.#parts.channel, ...given };
    const dialer = await route.dialer(id, signal === undefined ? {} : { signal });
    this.#throwIfClosed();
    const channel = endpoints.createChannel({ ...securedChannelOptions(dialer, tls), ...options, reasonTimeoutMs });
    this.#channels.add(channel);
    channel.state$.subscribe({ complete: () => this.#channels.delete(channel) });
    const giveUp = () => void channel.close();
    const unwatch = signal === undefined ? undefined : onAbort(signal, giveUp);
    try {
      signal?.throwIfAborted();
      await channel.connect();
      return channel;
    } catch (error) {
      await channel.close();
      throw signal?.aborted === true ? signal.reason : error;
    } finally {
      unwatch?.();
    }
  }

  lend<D extends ServiceDefinition, T>(
    definition: D,
    service: HandlersOf<D>,
    use: (id: number) => ObservableInput<T>,
  ): Observable<T> {
    return new Observable((subscriber) => {
      let served = false;
      const onServed = (id: number): void => {
        served = true;
        // Its end is the end of the serving too, which does not end by itself.
        defer(() => use(id)).subscribe(subscriber);
      };
      const lent$ = this.acceptAndServe(this.nextId(), (server) => server.addService(definition, service));
      const serving = lent$.subscribe({
        next: onServed,
        error: (error: unknown) => subscriber.error(error),
        complete: () => {
          if (!served) subscriber.complete();
        },
      });
      subscriber.add(serving);
    });
  }

  borrow<D extends ServiceDefinition, T>(
    definition: D,
    id: number,
    use: (client: ClientOf<D>) => ObservableInput<T>,
  ): Observable<T> {
    return usingAsync({
      open: (signal) => this.dial(id, { signal }),
      use: (channel) => use(createGrpcClient(channel, definition, this.#parts.client)),
      close: (channel) => void this.#track(channel.close()),
    });
  }

  /** Ends the StartStream call: nothing is accepted or dialed any more, and what is connected stays so. */
  endLink(): void {
    this.#parts.closeLink();
  }

  close(because?: Error): Promise<void> {
    this.#because ??= because;
    this.#closed ??= this.#close(because);
    return this.#closed;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(because: Error | undefined): Promise<void> {
    this.#end.next();
    this.#parts.route.close();
    this.#parts.closeLink();
    for (const channel of this.#channels) void this.#track(channel.close(because));
    await Promise.all(this.#steps);
  }

  /** Listens at the id while it is subscribed to and the broker is open. */
  #listening<T>(id: number, use: (listener: Listener) => Observable<T>): Observable<T> {
    // By hand: of operators it would take five, for every loan.
    return new Observable((subscriber) => {
      let release = (): void => {};
      const onListening = (listener: Listener): void => {
        const close = (): void => {
          this.#ids.release(id);
          void this.#track(listener.close());
        };
        if (subscriber.closed) return close();
        release = close;
        if (this.#closed !== undefined) return subscriber.error(this.#closedError());
        subscriber.add(this.#end.subscribe(() => subscriber.complete()));
        use(listener).subscribe(subscriber);
      };
      this.#track(this.#listen(id)).then(onListening, (error: unknown) => subscriber.error(error));
      return () => release();
    });
  }

  async #listen(id: number): Promise<Listener> {
    this.#throwIfClosed();
    this.#ids.acquire(id);
    try {
      const { route, tls, keepsAlive } = this.#parts;
      const listener = await route.listen(id);
      const raw = keepsAlive ? listener : unrefListener(listener);
      // grpc-go refuses TLS connections without ALPN h2.
      return tls === undefined ? raw : secureListener(raw, tls, { alpn: ['h2'] });
    } catch (error) {
      this.#ids.release(id);
      throw error;
    }
  }

  /** Makes `close` wait for it. */
  #track<T>(step: Promise<T>): Promise<T> {
    const settled: Promise<void> = step.then(ignore, ignore).then(() => void this.#steps.delete(settled));
    this.#steps.add(settled);
    return step;
  }

  #throwIfClosed(): void {
    if (this.#closed !== undefined) throw this.#closedError();
  }

  #closedError(): Error {
    return this.#because ?? new ClosedError('ERR_CLOSED', 'The broker was closed: its plugin connection has ended.');
  }
}

/** Gives each connection to the server. Emits the id when it begins. */
function injecting(server: GrpcServer, connection$: Observable<Duplex>, id: number): Observable<number> {
  return new Observable((subscriber) => {
    const injecting = connection$.subscribe({
      next: (connection) => server.inject(connection),
      error: (error: unknown) => subscriber.error(error),
      complete: () => subscriber.complete(),
    });
    subscriber.add(injecting);
    subscriber.next(id);
  });
}

function toRequest({ serviceId: id, network, address, knock }: ConnInfo): BrokerRequest {
  return knock === undefined ? { kind: 'offer', id, network, address } : { kind: 'knock', id };
}

/** Neither the listener nor its connections keep the process alive: the call that needs them does. */
function unrefListener(listener: Listener): Listener {
  unref(listener);
  return {
    address: listener.address,
    connection$: listener.connection$.pipe(tap((connection) => unref(connection))),
    close: () => listener.close(),
  };
}

function unref(target: object): void {
  if ('unref' in target && typeof target.unref === 'function') target.unref();
}

function ignore(): void {}
