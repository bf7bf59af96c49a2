import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { ProcessIdentity } from '../processes/identity.js';
import type { Exit } from '../streams/lifecycle.js';
import type { AddressTranslator } from '../wire/handshake/address.js';
import type { Logger } from '../wire/logs/logger.js';
import type { SecureConfig } from './secure/secure-config.js';

export type { Exit } from '../streams/lifecycle.js';

export type { AddressTranslator } from '../wire/handshake/address.js';

/** Controls a plugin that is running already (go-plugin runner/runner.go AttachedRunner). */
export interface AttachedRunner extends AddressTranslator {
  /** Id of the running plugin: a pid in decimal, a container id. Empty before it runs. */
  readonly id: string;
  /**
   * Emits once when the plugin has exited, for whatever reason, and completes; replays to late subscribers; never errors. By then the
   * streams contain all that the plugin wrote.
   */
  readonly exit$: Observable<Exit>;
  /** Kills the plugin and removes what the runner has created for it. Idempotent; resolves also when the plugin had exited. */
  kill(): Promise<void>;
  /** Stops watching the plugin, without ending it. For runners that poll. */
  release?(): void;
  /** Kills synchronously what can be killed so, when the host exits. */
  killNow?(): void;
  /** The plugin's process on this machine. Without it, a reattaching host finds the plugin by its `id`. */
  processIdentity?(): Promise<ProcessIdentity>;
  /** Lets the running plugin keep the host's event loop alive, as it does after `start` until `unref`. */
  ref?(): void;
  unref?(): void;
}

/** Runs a plugin: as a child process, in a container, on another machine (go-plugin runner/runner.go Runner). */
export interface Runner extends AttachedRunner {
  /** A name for messages: the program, the image. */
  readonly name: string;
  /** The plugin's output, readable from the construction on; both end when the plugin has exited. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Starts the plugin. The signal aborts the start, not the plugin. Rejects with a StartError. */
  start(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Text on why the plugin may have printed no handshake: wrong architecture, no execute permission. Never rejects. */
  diagnose(): Promise<string>;
}

/** How the client's options say to run a program as a child process. */
export interface ProcessSpec {
  /** The program and its arguments; never interpreted by a shell. A bare name is looked up in the PATH of `env`. */
  readonly command: readonly [file: string, ...args: string[]];
  /** Working directory. @default the host's */
  readonly cwd?: string;
  /**
   * `own`: the plugin leads a session and a process group of its own, so that all of it can be killed as one, and a Ctrl-C in the
   * terminal reaches the host only. `shared`: it stays in the host's, as with go-plugin: the terminal's signals reach it too, and
   * it can open /dev/tty. Stdin is the host's either way. Windows has no groups. @default 'own'
   */
  readonly processGroup?: 'own' | 'shared';
  /** Whether the plugin keeps running when the host is a plugin itself and is killed with its descendants. @default false */
  readonly outlivesHost?: boolean;
  /** The checksum that the program's file must have; it is verified at the start. @default not verified */
  readonly secureConfig?: SecureConfig;
}

/** What a host tells a runner when it starts the plugin. */
export interface RunnerSpec {
  /** The complete environment of the plugin. */
  readonly env: Readonly<Record<string, string>>;
  /** `env` without what comes from the host's own environment: for a plugin that runs elsewhere, such as in a container. */
  readonly ownEnv: Readonly<Record<string, string>>;
  /** Private directory for the unix sockets of host and plugin, in `PLUGIN_UNIX_SOCKET_DIR`; undefined on Windows. Owned by the host. */
  readonly socketDir?: string;
  /** Writes to the client's `logs$`, under the module `rxplug.runner`. */
  readonly logger: Logger;
  /** How to run the client's `command`; undefined for a client with the option `runner`. */
  readonly process?: ProcessSpec;
}

/**
 * Makes the runner of one plugin; called once for each start, and starts nothing itself. It is what the option `runner` takes, and what
 * is bound to the token `RUNNER` for clients with a `command`.
 *
 * @example
 * const niced: RunnerFactory = ({ env }) => processRunner({ command: ['nice', '/opt/plugin'], env });
 */
export type RunnerFactory = (spec: RunnerSpec) => Runner | Promise<Runner>;
