/**
 * Adds to package-lock.json what npm leaves out when a registry lacks the packages of other platforms: an entry for every optional
 * dependency that is named but not locked. `npm ci` refuses a lockfile without them. Run after `npm install`.
 */
import { readFileSync, writeFileSync } from 'node:fs';

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const SYSTEMS = {
  android: 'android',
  darwin: 'darwin',
  freebsd: 'freebsd',
  linux: 'linux',
  netbsd: 'netbsd',
  openbsd: 'openbsd',
  openharmony: 'openharmony',
  sunos: 'sunos',
  aix: 'aix',
  win32: 'win32',
  windows: 'win32',
  wasi: 'wasi',
};
const PROCESSORS = [
  'arm64',
  'armv7',
  'arm',
  'x64',
  'ia32',
  'ppc64',
  'riscv64',
  's390x',
  'mips64el',
  'loong64',
  'wasm32',
];

for (const [path, entry] of Object.entries(lock.packages)) {
  for (const [name, version] of Object.entries(entry.optionalDependencies ?? {})) {
    const nested = `${path === '' ? '' : `${path}/`}node_modules/${name}`;
    const hoisted = `node_modules/${name}`;
    if (lock.packages[nested] !== undefined || lock.packages[hoisted] !== undefined) continue;
    lock.packages[hoisted] = { version: exact(version, entry), dev: entry.dev, optional: true, ...platformOf(name) };
  }
}
lock.packages = Object.fromEntries(Object.entries(lock.packages).sort(([a], [b]) => (a < b ? -1 : 1)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);

function exact(version, { version: own }) {
  return /^\d/.test(version) ? version : own;
}

function platformOf(name) {
  const words = name.replace(/^@[^/]+\//, '').split(/[-_.]/);
  const os = Object.keys(SYSTEMS).find((system) => words.includes(system));
  const cpu = PROCESSORS.find((processor) => words.includes(processor)) ?? (words.includes('eabi') ? 'arm' : undefined);
  if (os === undefined || cpu === undefined) return { cpu: ['wasm32'] };
  return {
    os: [SYSTEMS[os]],
    cpu: [cpu === 'armv7' ? 'arm' : cpu],
    ...(words.includes('musl') ? { libc: ['musl'] } : {}),
  };
}
