import type { ProtocolName } from '../handshake/handshake-line.js';
import { optionNames } from '../option-names.js';

/**
 * What a plugin says of itself: `rxplug.plugin.json` beside it, or `rxplug` in its package.json. `parsePluginManifest` reads one.
 *
 * @example
 * ```ts
 * const manifest: PluginManifest = {
 *   manifestVersion: 1,
 *   name: 'acme/kv-redis',
 *   version: '1.4.2',
 *   handshake: { cookieKey: 'ACME_PLUGIN', protocolVersions: [2, 3] },
 *   protocols: ['grpc'],
 *   plugins: { kv: { services: ['kv.v1.KV'] } },
 *   hosts: { acme: '>=3.2.0 <4' },
 *   run: { 'linux-x64': ['bin/kv-redis'], any: ['node', 'plugin.cjs'] },
 *   needs: { node: '>=22', network: true, write: ['$DATA'], memoryBytes: 268_435_456 },
 * };
 * ```
 */
export interface PluginManifest {
  /** The version of this format. */
  readonly manifestVersion: 1;
  /** Lower case, with the namespace where there is one: `acme/kv-redis`, `@acme/kv`. */
  readonly name: string;
  /** The plugin's version, a semantic version: `1.4.2`. */
  readonly version: string;
  readonly description?: string;
  /** An SPDX expression. */
  readonly license?: string;
  readonly homepage?: string;
  /** How the plugin is started. */
  readonly handshake?: ManifestHandshake;
  /** What it serves. */
  readonly protocols?: readonly ProtocolName[];
  /** The plugins of its set, by the names that `dispense` takes. */
  readonly plugins?: Readonly<Record<string, ManifestPlugin>>;
  /** The versions of applications that it is for, as ranges of npm's semver: `{ "acme": ">=3.2.0 <4" }`. */
  readonly hosts?: Readonly<Record<string, string>>;
  /**
   * Its command line on each platform: `linux-x64`, as Node has it in `process.platform` and `process.arch`, `linux-x64-musl`, or `any`. A
   * program with a slash is a file of the plugin's folder, one without is looked up in the PATH; arguments are given as they are, and the
   * folder is the working directory.
   */
  readonly run?: Readonly<Record<string, readonly [program: string, ...args: string[]]>>;
  /** What it asks for. The host decides. */
  readonly needs?: ManifestNeeds;
}

/** What host and plugin have to agree on before the start. */
export interface ManifestHandshake {
  /** Name of the variable with the magic cookie. */
  readonly cookieKey: string;
  /** Its value, which is no secret. */
  readonly cookieValue?: string;
  /** The application protocol versions that the plugin speaks. */
  readonly protocolVersions?: readonly number[];
}

/** A plugin of the set. */
export interface ManifestPlugin {
  /** gRPC: the full names of its services. */
  readonly services?: readonly string[];
}

/** What a plugin asks for. */
export interface ManifestNeeds {
  /** The versions of Node that it runs on, a range. */
  readonly node?: string;
  /** Whether it reaches the network. @default false */
  readonly network?: boolean;
  /** Files and folders that it reads, besides its own. A path, or `$NAME` for a folder that the host gives. @default none */
  readonly read?: readonly string[];
  /** Files and folders that it writes, likewise. @default none */
  readonly write?: readonly string[];
  /** Environment variables that it reads. @default none */
  readonly env?: readonly string[];
  /** Memory in bytes. */
  readonly memoryBytes?: number;
}

/** The file in the folder or the archive of a plugin. */
export const MANIFEST_FILE = 'rxplug.plugin.json';

export const MANIFEST_NAMES = optionNames<PluginManifest>()(
  'manifestVersion name version description license homepage handshake protocols plugins hosts run needs',
);
export const HANDSHAKE_FIELDS = optionNames<ManifestHandshake>()('cookieKey cookieValue protocolVersions');
export const PLUGIN_FIELDS = optionNames<ManifestPlugin>()('services');
export const NEEDS_FIELDS = optionNames<ManifestNeeds>()('node network read write env memoryBytes');
