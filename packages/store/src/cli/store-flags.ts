import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { createStore, type Store } from '../create-store.js';
import { LOCK_FILE } from '../lock/lock-file.js';
import { minisignKey } from '../signing/public-key.js';
import type { CliContext } from './context.js';
import { CommandFailure, ExitCode } from './failure.js';

/** What commands take that make no request. */
export interface LockFlags {
  readonly lock?: string;
  readonly directory?: string;
  readonly json: boolean;
}

/** What all commands take that use the lock file and the store. */
export interface StoreFlags extends LockFlags {
  readonly host?: string;
  readonly mirror?: string;
  readonly trust?: readonly string[];
  readonly allowUnsigned: boolean;
  readonly insecure: boolean;
}

const text = (value: string): string => value;
const optional = { kind: 'parsed', parse: text, optional: true } as const;

/** Every command has it. */
export const JSON_FLAG = { json: { kind: 'boolean', default: false, brief: 'Print JSON' } } as const;

export const LOCK_FLAGS = {
  lock: { ...optional, brief: `Lock file; ${LOCK_FILE} if left out` },
  directory: { ...optional, brief: "Where plugins are installed; this user's cache if left out" },
  ...JSON_FLAG,
} as const;

export const STORE_FLAGS = {
  ...LOCK_FLAGS,
  host: { ...optional, brief: 'The application and its version, NAME@VERSION' },
  mirror: { ...optional, brief: 'Address of a mirror that files are fetched from' },
  trust: { ...optional, variadic: true, brief: 'Public key RWQ… of a trusted signer' },
  allowUnsigned: { kind: 'boolean', default: false, brief: 'Take plugins without a signature' },
  insecure: { kind: 'boolean', default: false, brief: 'Take http: of other machines' },
} as const;

/** The path of the lock file. */
export function lockFile({ cwd }: CliContext, { lock = LOCK_FILE }: Pick<StoreFlags, 'lock'>): string {
  return resolve(cwd, lock);
}

/** Where there is no lock file nothing would be done, and nobody would notice. Throws CommandFailure. */
export function requireLock(context: CliContext, flags: Pick<StoreFlags, 'lock'>): void {
  const file = lockFile(context, flags);
  if (existsSync(file)) return;
  throw new CommandFailure(
    ExitCode.usage,
    `There is no ${file}. Name the lock file by --lock, or add a plugin: rxplug plugin add ADDRESS.`,
  );
}

/** The store that the flags describe, those of requests too where the command has them. `trust` are signers besides those of --trust. */
export function storeOf(
  context: CliContext,
  flags: LockFlags & Partial<StoreFlags>,
  trust: readonly string[] = [],
): Store {
  const { directory, host, mirror, allowUnsigned = false, insecure = false } = flags;
  const signers = [...trust, ...(flags.trust ?? []).map(minisignKey)];
  return createStore({
    lock: lockFile(context, flags),
    ...(directory !== undefined && { directory: resolve(context.cwd, directory) }),
    ...(host !== undefined && { host: hostOf(host) }),
    ...(mirror !== undefined && { mirror }),
    ...(signers.length > 0 && { trust: signers }),
    ...(allowUnsigned && { unsigned: 'allow' as const }),
    http: { insecure, env: context.env },
    onWarning: (message) => void context.stderr.write(`warning: ${message}\n`),
  });
}

function hostOf(text: string): { readonly name: string; readonly version: string } {
  const at = text.lastIndexOf('@');
  if (at > 0 && at < text.length - 1) return { name: text.slice(0, at), version: text.slice(at + 1) };
  throw new CommandFailure(
    ExitCode.usage,
    `Expected --host NAME@VERSION, such as acme@3.4.0, got ${JSON.stringify(text)}.`,
  );
}

/** `only`, where plugins are named. */
export function onlyOf(names: readonly string[]): { readonly only?: readonly string[] } {
  return names.length === 0 ? {} : { only: names };
}
