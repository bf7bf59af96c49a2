import { StoreError } from '../errors.js';
import { someOf } from '../quote.js';

/** What tells the platform of a process. */
export interface PlatformFacts {
  readonly platform: string;
  readonly arch: string;
  /** Whether the C library is musl, as in Alpine, and not glibc. */
  readonly musl: boolean;
}

/**
 * The keys of a manifest and of a lock file that fit a platform, the best first: `linux-x64-musl`, `linux-x64`, `any`. A program that is
 * linked statically runs on both C libraries, so the key without one comes after.
 */
export function platformKeys(facts: PlatformFacts = currentPlatform()): readonly string[] {
  const key = `${facts.platform}-${facts.arch}`;
  return facts.musl ? [`${key}-musl`, key, 'any'] : [key, 'any'];
}

/** The platform of this process. */
export function currentPlatform(): PlatformFacts {
  const { platform, arch } = process;
  return { platform, arch, musl: platform === 'linux' && isMusl() };
}

/**
 * The best of `keys` that a table has, such as the `platforms` of a release or the `run` of a manifest. Throws StoreError ERR_PLATFORM that
 * names those that it has; `what` begins the message, `advice` ends it.
 */
export function choosePlatform(
  table: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  { what, advice }: { readonly what: string; readonly advice: string },
): string {
  const found = keys.find((key) => Object.hasOwn(table, key));
  if (found !== undefined) return found;
  const there = someOf(Object.keys(table).sort());
  throw new StoreError('ERR_PLATFORM', `${what} has nothing for ${keys[0]}. It has: ${there}. ${advice}`);
}

/** Node's report names the version of glibc that it runs with; with another C library it names none. */
function isMusl(): boolean {
  // Types of Node 20 do not have it; without it names of hosts are looked up, which takes seconds.
  const report: typeof process.report & { excludeNetwork?: boolean } = process.report;
  const before = report.excludeNetwork ?? false;
  report.excludeNetwork = true;
  try {
    const { header } = report.getReport() as { readonly header: { readonly glibcVersionRuntime?: string } };
    return header.glibcVersionRuntime === undefined;
  } finally {
    report.excludeNetwork = before;
  }
}
