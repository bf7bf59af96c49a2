import type { MethodDefinition, ServiceDefinition } from '../../src/protocols/grpc/shared/service-definition.js';
import { methodPath } from '../../src/protocols/grpc/shared/service-definition.js';
import type {
  DrivenCall,
  DrivenClient,
  DrivenLog,
  DrivenObject,
  HostConfig,
  HostDriver,
  Pairs,
  Reattach,
  RpcTypes,
  Started,
} from './driver.js';
import { GoBroker } from './go-broker.js';
import { GoProcess, type HostEvent } from './go-process.js';
import { Recorder } from './recorder.js';

/** The Go host program as a HostDriver. */
export class GoHost implements HostDriver {
  readonly name = 'Go host';
  /** For commands beyond the neutral interface: net/rpc, raw streams. */
  readonly process: GoProcess;
  readonly #clients = new Map<string, GoClient>();

  constructor(file: string, env: NodeJS.ProcessEnv) {
    this.process = new GoProcess(file, env, (event) => this.#clients.get(event.client)?.take(event));
  }

  get pid(): number {
    return this.process.pid;
  }

  async create(config: HostConfig): Promise<GoClient> {
    const client = new GoClient(this.process, `client${this.#clients.size + 1}`);
    this.#clients.set(client.client, client);
    const { allowedProtocols = ['grpc', 'netrpc'], ...rest } = config;
    await this.process.command('create', { ...rest, allowedProtocols, client: client.client });
    return client;
  }

  /** go-plugin CleanupClients: stops every managed client. Once per process. */
  async cleanup(): Promise<void> {
    await this.process.command('cleanup', {});
  }

  dispose(): Promise<void> {
    return this.process.dispose();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.dispose();
  }
}

/** One go-plugin Client in the Go host. */
export class GoClient implements DrivenClient {
  readonly logs = new Recorder<DrivenLog>();
  readonly stdout = new Recorder<Uint8Array>();
  readonly stderr = new Recorder<Uint8Array>();
  readonly rawStderr = new Recorder<Uint8Array>();

  constructor(
    readonly process: GoProcess,
    readonly client: string,
  ) {}

  start(): Promise<Started> {
    return this.process.command('start', { client: this.client });
  }

  /** Connects without dispensing anything. */
  async connect(): Promise<void> {
    await this.process.command('connect', { client: this.client });
  }

  async dispense(name: string): Promise<GoObject> {
    const { object } = await this.process.command<{ object: string }>('dispense', { client: this.client, name });
    return new GoObject(this.process, object);
  }

  async ping(): Promise<void> {
    await this.process.command('ping', { client: this.client });
  }

  async stop(): Promise<void> {
    await this.process.command('kill', { client: this.client });
  }

  async exited(): Promise<boolean> {
    const { exited } = await this.process.command<{ exited: boolean }>('state', { client: this.client });
    return exited;
  }

  /** The library tells it in its log, a moment before its state. */
  async gone(): Promise<void> {
    const isEnd = (entry: DrivenLog) => entry.message.endsWith('plugin process exited');
    await this.logs.find(isEnd, 'the end of the plugin process');
    while (!(await this.exited()));
  }

  /** The library tells it in its log only. */
  forced(): boolean {
    return this.logs.items.some((entry) => entry.message === 'plugin failed to exit gracefully');
  }

  async reattachConfig(): Promise<Reattach | undefined> {
    const { reattach } = await this.process.command<{ reattach: Reattach | null }>('reattachConfig', {
      client: this.client,
    });
    return reattach ?? undefined;
  }

  /** Takes an event of the process that concerns this client. */
  take(event: HostEvent): void {
    if (event.event === 'log') {
      if (event.log !== undefined) this.logs.push(logOf(event.log));
    } else {
      this[event.event].push(Buffer.from(event.data ?? '', 'base64'));
    }
  }
}

/** go-plugin keeps `@module` and the time as fields. */
function logOf(log: NonNullable<HostEvent['log']>): DrivenLog {
  const {
    '@module': module,
    timestamp,
    ...fields
  } = Object.fromEntries(log.fields.map(({ key, value }) => [key, value]));
  return {
    ...log,
    fields,
    module: typeof module === 'string' ? module : '',
    timestamp: typeof timestamp === 'string' ? timestamp : undefined,
  };
}

/** What the Go host dispensed or dialed. */
export class GoObject implements DrivenObject {
  readonly broker: GoBroker;

  constructor(
    readonly process: GoProcess,
    readonly object: string,
  ) {
    this.broker = new GoBroker(process, object, (dialed) => new GoObject(process, dialed));
  }

  // The bodies see methods without their types; the interface, which callers see, derives them from the definition.
  async invoke(service: ServiceDefinition, key: string, request: unknown, options: object = {}): Promise<never> {
    const method = service.methods[key]!;
    const answer = await this.process.command<{ message: string; header: Pairs; trailer: Pairs }>('invoke', {
      ...options,
      object: this.object,
      method: methodPath(service, method),
      message: encode(method, request),
    });
    return { ...answer, message: decode(method, answer.message) } as never;
  }

  async open(service: ServiceDefinition, key: string, options: { readonly request?: unknown } = {}): Promise<never> {
    const { request, ...rest } = options;
    const method = service.methods[key]!;
    const { call } = await this.process.command<{ call: string }>('call', {
      ...rest,
      object: this.object,
      method: methodPath(service, method),
      ...(request === undefined ? {} : { message: encode(method, request) }),
    });
    return new GoCall(this.process, call, method) as never;
  }

  async close(): Promise<void> {
    await this.process.command('closeNamed', { object: this.object });
  }

  async call<T>(method: string, args: unknown, types: RpcTypes = {}): Promise<T> {
    const { reply } = await this.process.command<{ reply: T }>('netrpc', {
      object: this.object,
      method: `Plugin.${method}`,
      args,
      ...types,
    });
    return reply;
  }

  async contextDone(): Promise<void> {
    await this.process.command('awaitContext', { object: this.object });
  }
}

class GoCall implements DrivenCall<unknown, unknown> {
  constructor(
    readonly process: GoProcess,
    readonly call: string,
    readonly method: MethodDefinition,
  ) {}

  async send(message: unknown): Promise<void> {
    await this.process.command('send', { call: this.call, message: encode(this.method, message) });
  }

  async closeSend(): Promise<void> {
    await this.process.command('closeSend', { call: this.call });
  }

  async receive(): Promise<unknown> {
    const next = await this.process.command<{ message?: string | null; end?: boolean }>('receive', { call: this.call });
    return next.end === true ? undefined : decode(this.method, next.message ?? '');
  }

  async header(): Promise<Pairs> {
    return (await this.process.command<{ header: Pairs }>('header', { call: this.call })).header;
  }

  async trailer(): Promise<Pairs> {
    return (await this.process.command<{ trailer: Pairs }>('trailer', { call: this.call })).trailer;
  }

  async cancel(): Promise<void> {
    await this.process.command('cancel', { call: this.call });
  }
}

function encode(method: MethodDefinition, message: unknown): string {
  const { requestType } = method;
  return Buffer.from(requestType.encode(requestType.fromPartial(message as never)).finish()).toString('base64');
}

function decode(method: MethodDefinition, message: string): unknown {
  return method.responseType.decode(Buffer.from(message, 'base64'));
}
