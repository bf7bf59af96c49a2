import { type Descriptor, type OciPlatform, PLATFORM } from './descriptors.js';

const KEY = /^(?:any|[a-z0-9]{1,20}-[a-z0-9]{1,20}(?:-musl)?)$/;

/** Node's words for those of Go, where they differ. */
const OS: Readonly<Record<string, string>> = { windows: 'win32', solaris: 'sunos', illumos: 'sunos' };
const ARCH: Readonly<Record<string, string>> = { amd64: 'x64', '386': 'ia32', ppc64le: 'ppc64', mipsle: 'mipsel' };

/** The platform of a descriptor in Node's words; undefined for one that Node has none for. */
export function platformKey({ annotations, platform }: Descriptor): string | undefined {
  const own = annotations?.[PLATFORM];
  if (own !== undefined) return KEY.test(own) ? own : undefined;
  if (platform === undefined) return 'any';
  const { os, architecture, variant } = platform;
  // Node for arm is built for v7, which also runs what is older.
  if (architecture === 'arm' && variant !== undefined && !/^v[5-7]$/.test(variant)) return undefined;
  const key = `${named(OS, os)}-${named(ARCH, architecture)}`;
  return KEY.test(key) ? key : undefined;
}

/** The platform of a key in Go's words; undefined for `any`. */
export function ociPlatform(key: string): OciPlatform | undefined {
  if (key === 'any') return undefined;
  const [os = '', arch = '', libc] = key.split('-');
  return {
    os: nameOf(OS, os),
    architecture: nameOf(ARCH, arch),
    ...(arch === 'arm' && { variant: 'v7' }),
    ...(libc === 'musl' && { 'os.features': ['musl'] }),
  };
}

/** Descriptors by platform; of several for one, that of the newest variant, and else the first. */
export function byPlatform(descriptors: readonly Descriptor[]): ReadonlyMap<string, Descriptor> {
  const found = new Map<string, Descriptor>();
  for (const descriptor of descriptors) {
    const key = platformKey(descriptor);
    if (key === undefined) continue;
    const before = found.get(key)?.platform?.variant;
    if (!found.has(key) || (before !== undefined && (descriptor.platform?.variant ?? '') > before))
      found.set(key, descriptor);
  }
  return found;
}

function named(table: Readonly<Record<string, string>>, name: string): string {
  return Object.hasOwn(table, name) ? table[name]! : name;
}

function nameOf(table: Readonly<Record<string, string>>, value: string): string {
  return Object.entries(table).find(([, one]) => one === value)?.[0] ?? value;
}
