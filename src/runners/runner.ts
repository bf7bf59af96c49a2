import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { Exit } from '../streams/lifecycle.js';
import type { AddressTranslator } from '../wire/handshake/address.js';
import type { Logger } from '../wire/logs/logger.js';
import type { ProcessIdentity } from './os-process/identity.js';
import type { SecureConfig } from './secure/secure-config.js';

export type { Exit } from '../streams/lifecycle.js';

export type { AddressTranslator } from '../wire/handshake/address.js';

/** A plugin that is already running (go-plugin runner/runner.go AttachedRunner). */
export interface AttachedRunner extends AddressTranslator {
  /** Unique id of the running instance: a pid in decimal, a container id. Empty before start. */
  readonly id: string;
  /**
   * Emits once and completes when the plugin is gone, for whatever reason; replays to late subscribers; never errors. What the
   * plugin wrote before is in the streams by then.
   */
  readonly exit$: Observable<Exit>;
  /** Ends the plugin by force and removes what the runner made. Idempotent; resolves also when the plugin was gone already. */
  kill(): Promise<void>;
  /** Lets go of the plugin without ending it: nothing of this object watches it any more. For runners that watch. */
  release?(): void;
  /** Kills at once what can be killed without waiting, for the host's own exit. */
  killNow?(): void;
  /** Which process of this machine the plugin is, for runners that know one; others are found by their `id`. */
  processIdentity?(): Promise<ProcessIdentity>;
  /** Whether the running plugin may keep the host's event loop alive. A runner holds it after start until `unref`. */
  ref?(): void;
  unref?(): void;
}

/** Says how a plugin process exists: a child process, a container, something remote (go-plugin runner/runner.go Runner). */
export interface Runner extends AttachedRunner {
  /** Human readable; its base name becomes the suffix of the logger's name. */
  readonly name: string;
  /** The plugin's streams, readable from construction on; they end when the plugin is gone. */
  readonly stdout: Readable;
  readonly stderr: Readable;
  /** Starts the plugin. The signal bounds the starting only. Rejects with a StartError. */
  start(options: { readonly signal: AbortSignal }): Promise<void>;
  /** Best-effort text on why a plugin did not speak: wrong architecture, no execute permission. Never rejects. */
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
  /** The plugin is not one of the host's descendants that die with the host, if the host is a plugin itself. @default false */
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
