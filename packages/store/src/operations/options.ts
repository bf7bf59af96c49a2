import { resolve } from 'node:path';
import { OptionsError } from 'rxplug';
import { LOCK_FILE } from '../lock/lock-file.js';
import { quote } from '../quote.js';
import { minisignVerifier } from '../signing/minisign-verifier.js';
import type { Verifier } from '../signing/verifier.js';
import { type OpenSourceOptions, openSource } from '../sources/open-source.js';
import type { PluginSource, SourceFactory } from '../sources/source.js';
import { storeDirectory } from '../store/store-directory.js';
import type { HostVersion } from '../versions/host-version.js';
import { type PlatformFacts, platformKeys } from '../versions/platform.js';
import type { StoreContext } from './context.js';

/** Whether plugins without a signature are taken. */
export type UnsignedPolicy = 'refuse' | 'allow';

/** What a store is made of. Everything is optional. */
export interface StoreOptions {
  /** The lock file. @default 'rxplug.lock' in the working directory */
  readonly lock?: string;
  /** The application: plugins that do not take its version are refused. @default any plugin is taken */
  readonly host?: HostVersion;
  /** Where plugins are installed. @default a folder of this user's cache: `~/.cache/rxplug/store/v1` */
  readonly directory?: string;
  /** Further kinds of sources. They are asked before those of the package. @default none */
  readonly sources?: readonly SourceFactory[];
  /** How servers are talked to: certificate authorities, proxies, time limits, or a `fetch` of one's own. @default as HttpOptions */
  readonly http?: OpenSourceOptions;
  /** An address under which there are the files of all plugins, as `mirror` makes them. No other one is asked then by `install`. @default none */
  readonly mirror?: string;
  /** The signers that are trusted: `[minisignKey('RWQ…')]`. @default the one that was confirmed when the plugin was added */
  readonly trust?: readonly string[];
  /**
   * Whether plugins without a signature are taken, for all sources or by their addresses. One that was signed before is never taken
   * unsigned. @default 'allow' for `dir:` without `trust`, else 'refuse'
   */
  readonly unsigned?: UnsignedPolicy | ((address: string) => UnsignedPolicy);
  /** Verifies signatures. @default minisign's */
  readonly verifier?: Verifier;
  /** The platform that plugins are chosen for. @default this process's */
  readonly platform?: PlatformFacts;
  /** Told what is odd and no error. @default process.emitWarning */
  readonly onWarning?: (message: string) => void;
}

const NAMES: readonly (keyof StoreOptions)[] = [
  'lock',
  'host',
  'directory',
  'sources',
  'http',
  'mirror',
  'trust',
  'unsigned',
  'verifier',
  'platform',
  'onWarning',
];

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveStore(options: StoreOptions): StoreContext {
  checkNames('createStore', options, NAMES);
  const { host, trust = [], mirror } = options;
  checkTexts(options);
  if (host !== undefined) checkNames('`host`', host, ['name', 'version']);
  let keys: readonly string[] | undefined;
  const keysOnce = () => {
    keys ??= platformKeys(options.platform);
    return keys;
  };
  return {
    used: new Map(),
    lockFile: resolve(options.lock ?? LOCK_FILE),
    root: resolve(options.directory ?? storeDirectory()),
    host: host === undefined ? undefined : { ...host },
    trust: [...trust],
    verifier: options.verifier ?? minisignVerifier(),
    mirror: mirror?.replace(/\/+$/, ''),
    platformKeys: keysOnce,
    mayBeUnsigned: unsignedPolicy(options),
    sourceOf: (address, platforms) => sourceOf(address, options, () => platforms ?? keysOnce()),
    warn: options.onWarning ?? ((message) => process.emitWarning(message, { type: 'StoreWarning' })),
  };
}

/** Throws OptionsError for what is no object, and for a name that is not known: JavaScript has no compiler that would tell. */
export function checkNames(of: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options))
    throw new OptionsError(`Expected the options of ${of} to be an object, got ${quote(options)}.`);
  const unknown = Object.entries(options).find(([name, value]) => value !== undefined && !known.includes(name));
  if (unknown === undefined) return;
  const names = known.map((name) => `\`${name}\``).join(', ');
  throw new OptionsError(`There is no option ${quote(unknown[0])} of ${of}. It has ${names}.`);
}

function checkTexts({ lock, directory, mirror, host, trust, unsigned }: StoreOptions): void {
  const texts = { lock, directory, mirror, ...(host && { 'host.name': host.name, 'host.version': host.version }) };
  for (const [name, value] of Object.entries(texts))
    if (value !== undefined && (typeof value !== 'string' || value === ''))
      throw new OptionsError(`Expected \`${name}\` to be a non-empty string, got ${quote(value)}.`);
  if (
    trust !== undefined &&
    !(Array.isArray(trust) && trust.every((one) => typeof one === 'string' && one.includes(':')))
  )
    throw new OptionsError("Expected `trust` to be an array of signers: `[minisignKey('RWQ…')]`.");
  if (unsigned === undefined || unsigned === 'refuse' || unsigned === 'allow' || typeof unsigned === 'function') return;
  throw new OptionsError(`Expected \`unsigned\` to be 'refuse', 'allow' or a function, got ${quote(unsigned)}.`);
}

function unsignedPolicy({ unsigned, trust = [] }: StoreOptions): StoreContext['mayBeUnsigned'] {
  if (typeof unsigned === 'function') return (address) => unsigned(address) === 'allow';
  return (address) => (unsigned ?? (trust.length === 0 && address.startsWith('dir:') ? 'allow' : 'refuse')) === 'allow';
}

function sourceOf(address: string, options: StoreOptions, keys: () => readonly string[]): PluginSource {
  const { sources = [], http = {} } = options;
  if (typeof address !== 'string') throw new OptionsError(`Expected an address of a source, got ${quote(address)}.`);
  for (const factory of sources) {
    const source = factory(address);
    if (source !== undefined) return source;
  }
  return openSource(address, { platforms: keys().filter((key) => key !== 'any'), ...http });
}
