import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Room {
  /** Rooms that this one may import, besides itself. */
  readonly rooms: readonly string[];
  /** Packages and node: modules that this one may import. */
  readonly packages: readonly string[];
}

const wire: Room = { rooms: ['errors'], packages: [] };
const streams: Room = { rooms: ['errors', 'wire'], packages: ['rxjs', 'node:stream'] };
const transports: Room = {
  rooms: ['errors', 'wire', 'streams'],
  packages: [
    'rxjs',
    'node:stream',
    'node:net',
    'node:tls',
    'node:http2',
    'node:crypto',
    'node:fs',
    'node:os',
    'node:path',
    'node-forge',
  ],
};
const runners: Room = {
  rooms: ['errors', 'wire', 'streams'],
  packages: [
    'rxjs',
    'node:stream',
    'node:child_process',
    'node:events',
    'node:crypto',
    'node:fs',
    'node:os',
    'node:path',
    'node:net',
    'node:http',
  ],
};
const protocols: Room = {
  rooms: ['errors', 'wire', 'streams', 'transports'],
  packages: ['rxjs', 'node:stream', 'node:net'],
};
const grpc: Room = {
  rooms: [...protocols.rooms, 'protocols'],
  packages: [...protocols.packages, '@grpc/grpc-js', '@bufbuild/protobuf', 'node:events', 'node:v8', 'node:zlib'],
};
const kinds = ['protocols/grpc', 'protocols/netrpc'];
const ends = ['errors', 'wire', 'streams', 'transports', 'protocols', ...kinds, 'protocols/dual'];
const host: Room = {
  rooms: [...ends, 'runners'],
  packages: ['rxjs', 'node:stream', 'node:fs', 'node:path', 'node:os'],
};
const plugin: Room = { rooms: ends, packages: ['rxjs', 'node:stream', 'node:fs', 'node:util'] };
const di: Room = {
  rooms: [...ends, 'runners', 'host', 'plugin'],
  packages: ['rxjs', 'node:stream', 'inversify', 'reflect-metadata'],
};
const index: Room = { rooms: [...di.rooms, 'di'], packages: [] };

/** The room table of docs/architecture.md. A room that is not listed may not exist. */
const ROOMS: Readonly<Record<string, Room>> = {
  errors: { rooms: [], packages: [] },
  wire,
  streams,
  transports,
  runners,
  protocols,
  'protocols/grpc': grpc,
  'protocols/netrpc': { rooms: [...protocols.rooms, 'protocols'], packages: protocols.packages },
  'protocols/dual': { rooms: ['errors', 'protocols', ...kinds], packages: [] },
  host,
  plugin,
  di,
  index,
  testing: {
    rooms: [...di.rooms, 'di', 'index'],
    packages: ['rxjs', 'node:assert', 'node:stream', 'node:net', 'node:fs', 'node:path', 'node:os'],
  },
  cli: { rooms: [...di.rooms, 'di', 'index'], packages: ['node:fs', 'node:path', 'node:process', 'node:util'] },
};

/** Finer rules: a package that only these files may import. */
const ONLY_IN: Readonly<Record<string, RegExp>> = {
  'node-forge': /^transports\/(certificate|node-forge-asn1\.d)\.ts$/,
  '@grpc/grpc-js': /^protocols\/grpc\//,
  inversify: /^di\//,
  'reflect-metadata': /^di\//,
  'node:child_process': /^runners\//,
};

test('every import in src/ points to the left in the room table', () => {
  const files = sources();
  assert.ok(files.length > 0, 'no sources found: the test would pass for nothing');
  const breaches = files.flatMap((file) => importsOf(file).flatMap((name) => breachOf(file, name)));
  assert.deepEqual(breaches, []);
});

test('no files import each other in a circle, not even for their types', () => {
  assert.deepEqual(circlesIn(new Map(sources().map((file) => [file, targetsOf(file)]))), []);
});

test('a circle is found, once, and what leads to it is not part of it', () => {
  const imports = new Map([
    ['a', ['b', 'c']],
    ['b', ['c']],
    ['c', ['d', 'b']],
    ['d', []],
  ]);
  assert.deepEqual(circlesIn(imports), [['b', 'c']]);
});

test('streams/ and wire/ never subscribe', () => {
  const offenders = sources()
    .filter((file) => /^(streams|wire)\//.test(file))
    .filter((file) => /\.subscribe\(/.test(read(file)));
  assert.deepEqual(offenders, []);
});

test('multicasting is written out only in streams/share.ts', () => {
  const offenders = sources()
    .filter((file) => file !== 'streams/share.ts')
    .filter((file) => /\b(share|shareReplay|publish|multicast)\(/.test(stripComments(read(file))));
  assert.deepEqual(offenders, []);
});

test('a breach is found', () => {
  assert.equal(breachOf('wire/x.ts', '../streams/lines.js').length, 1);
  assert.equal(breachOf('wire/x.ts', 'node:net').length, 1);
  assert.equal(breachOf('streams/x.ts', '@grpc/grpc-js').length, 1);
  assert.equal(breachOf('host/x.ts', '../plugin/serve.js').length, 1);
  assert.equal(breachOf('streams/x.ts', '../wire/hclog.js').length, 0);
});

function sources(): string[] {
  return readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
    .map((file) => file.replaceAll('\\', '/'))
    .filter((file) => file.endsWith('.ts') && !file.includes('/gen/'));
}

function read(file: string): string {
  return readFileSync(join(root, 'src', file), 'utf8');
}

function stripComments(text: string): string {
  return text.replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
}

function importsOf(file: string): string[] {
  const pattern = /(?:\bfrom\s+|\bimport\s+|\bimport\(\s*)'([^']+)'/g;
  return [...stripComments(read(file)).matchAll(pattern)].map((match) => match[1]!);
}

/** The files that this one imports. */
function targetsOf(file: string): string[] {
  const relative = importsOf(file).filter((name) => name.startsWith('.'));
  return relative.map((name) => posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts'));
}

/** The circles of a graph, each from where it is entered first; what was left without a circle is not entered again. */
function circlesIn(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const circles: string[][] = [];
  const left = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (left.has(file)) return;
    const start = path.indexOf(file);
    if (start >= 0) return void circles.push(path.slice(start));
    for (const target of graph.get(file) ?? []) visit(target, [...path, file]);
    left.add(file);
  };
  for (const file of graph.keys()) visit(file, []);
  return circles;
}

function roomOf(file: string): string {
  const parts = file.split('/');
  if (parts.length === 1) return parts[0]!.replace(/\.ts$/, '');
  const inner = parts.slice(0, 2).join('/');
  return inner in ROOMS ? inner : parts[0]!;
}

function breachOf(file: string, name: string): string[] {
  const from = roomOf(file);
  const room = ROOMS[from];
  if (room === undefined) return [`src/${file}: the room ${from} is not in the table`];
  if (name.startsWith('.')) {
    const target = posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts');
    const to = roomOf(target);
    return to === from || room.rooms.includes(to)
      ? []
      : [`src/${file} imports ${target}: ${from} may not import ${to}`];
  }
  const known = [...room.packages].find((allowed) => name === allowed || name.startsWith(`${allowed}/`));
  const only = Object.entries(ONLY_IN).find(([owner]) => name === owner || name.startsWith(`${owner}/`));
  if (known === undefined) return [`src/${file} imports ${name}: not allowed in ${from}`];
  return only === undefined || only[1].test(file) ? [] : [`src/${file} imports ${name}: only ${only[1].source} may`];
}
