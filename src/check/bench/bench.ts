import type { Duplex } from 'node:stream';
import { ClosedError } from '../../errors.js';
import { createMark, TREE_VARIABLE } from '../../processes/mark.js';
import { createSocketDir } from '../../transports/sockets/socket-dir.js';
import type { Identity } from '../../transports/tls/certificate.js';
import { ENV, hostEnvironment } from '../../wire/handshake/environment.js';
import type { ResolvedCheckOptions } from '../options.js';
import type { Announced } from './announced.js';
import { type Conversation, converse } from './conversation.js';
import { dial } from './dial.js';
import { GrpcConversation } from './grpc-conversation.js';
import { Life } from './life.js';

/** How one process is started, where that is not as a host would. */
export interface StartOptions {
  /** @default right */
  readonly cookie?: 'right' | 'wrong' | 'absent';
  /** @default those of the options, in ascending order */
  readonly versions?: readonly number[];
  /** Requests multiplexing. @default false */
  readonly multiplex?: boolean;
  /** Variables that it does not get. */
  readonly without?: readonly string[];
  /** Reads nothing from the real stdout after the handshake. @default false */
  readonly leavesStdout?: boolean;
  /** Stands before the command: a program that starts it. */
  readonly wrapper?: readonly string[];
}

/** A process that has announced itself. */
export interface Launched extends AsyncDisposable {
  readonly life: Life;
  readonly plugin: Announced;
}

/** The range that the plugin may take a port from. */
export const PORTS = { minPort: 10_000, maxPort: 25_000 } as const;

/** Starts the plugin as often as the items need it, and ends what they have left. */
export class Bench {
  readonly options: ResolvedCheckOptions;
  /** The certificate of the host, as AutoMTLS makes one. */
  readonly identity: Identity;
  readonly #lives = new Set<Life>();
  #shared: Launched | undefined;
  #isClosed = false;

  constructor(options: ResolvedCheckOptions, identity: Identity) {
    this.options = options;
    this.identity = identity;
    process.once('exit', this.close);
  }

  /** A new process. The caller disposes it. Rejects with ClosedError after `close`. */
  async start(options: StartOptions = {}): Promise<Life> {
    const sockets = await createSocketDir();
    if (this.#isClosed) {
      sockets.remove();
      throw new ClosedError('ERR_CLOSED', 'The check of the plugin was ended.');
    }
    const [file, ...args] = [...(options.wrapper ?? []), ...this.options.command] as [string, ...string[]];
    const life = new Life({
      command: [file, ...args],
      cwd: this.options.cwd,
      env: this.#environment(sockets.path, options),
      mark: createMark(process.env[TREE_VARIABLE]),
      sockets,
      leavesStdout: options.leavesStdout ?? false,
      onDisposed: (disposed) => void this.#lives.delete(disposed),
    });
    this.#lives.add(life);
    return life;
  }

  /** A new process that has written its handshake. The caller disposes it. */
  async launch(options: StartOptions = {}): Promise<Launched> {
    const life = await this.start(options);
    try {
      const plugin = await life.handshake(this.options.startTimeoutMs);
      return { life, plugin, [Symbol.asyncDispose]: () => life[Symbol.asyncDispose]() };
    } catch (error) {
      await life[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The process that items look at one after another; another one when it has ended. `endShared` ends it. */
  async shared(): Promise<Announced> {
    if (this.#shared?.life.isOver !== false) {
      await this.#shared?.[Symbol.asyncDispose]();
      this.#shared = await this.launch();
    }
    return this.#shared.plugin;
  }

  dial(plugin: Announced): Promise<Duplex> {
    return dial(plugin, this.identity);
  }

  /** A connection in the plugin's protocol. The caller disposes it. */
  converse(plugin: Announced): Promise<Conversation> {
    return converse(plugin, { dial: () => this.dial(plugin) });
  }

  /** A connection over gRPC. The caller disposes it. */
  overGrpc(plugin: Announced): GrpcConversation {
    return new GrpcConversation({ dial: () => this.dial(plugin) });
  }

  /** Kills every process at once, and starts no other. Never throws. Also called when this process exits. */
  readonly close = (): void => {
    this.#isClosed = true;
    process.off('exit', this.close);
    for (const life of this.#lives) life.killNow();
  };

  /** Ends what `shared` has started. */
  async endShared(): Promise<void> {
    await this.#shared?.[Symbol.asyncDispose]();
    this.#shared = undefined;
  }

  #environment(unixSocketDir: string, { cookie = 'right', versions, multiplex = false, without = [] }: StartOptions) {
    const { handshake, protocolVersions, env, autoMtls } = this.options;
    const { magicCookieKey: key, magicCookieValue: value } = handshake;
    const offered = versions ?? protocolVersions.toSorted((one, other) => one - other);
    const all = hostEnvironment(
      {
        cookie: { key, value: cookie === 'wrong' ? `${value}-not` : value },
        ...PORTS,
        protocolVersions: offered,
        multiplex,
        unixSocketDir,
        ...(autoMtls ? { clientCertificate: this.identity.certificatePem } : {}),
      },
      {
        inherited: process.env,
        ...(env === undefined ? {} : { extra: env }),
        ignoreCase: process.platform === 'win32',
      },
    );
    const absent = new Set([...without, ...(cookie === 'absent' ? [key] : [])]);
    const kept = Object.entries(all).filter(([name]) => !absent.has(name));
    // The list as it is given: `hostEnvironment` sorts it.
    return { ...Object.fromEntries(kept), [ENV.protocolVersions]: offered.join(',') };
  }
}
