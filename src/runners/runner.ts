import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { Exit } from '../streams/lifecycle.js';
import type { AddressTranslator } from '../wire/handshake/address.js';
import type { ProcessIdentity } from './os-process/identity.js';

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

/** What a runner is to run. */
export interface RunnerSpec {
  /** The complete environment of the plugin. */
  readonly env: Readonly<Record<string, string>>;
  /** The same without what comes from the host's own environment: for a plugin that runs in another world, such as a container. */
  readonly ownEnv: Readonly<Record<string, string>>;
  /** Private directory for unix sockets, shared with the plugin; set only for custom runners. Owned by the host. */
  readonly socketDir?: string;
}

/** Makes the runner of one plugin, when the host starts it. Nothing is started yet. */
export type RunnerFactory = (spec: RunnerSpec) => Runner | Promise<Runner>;
