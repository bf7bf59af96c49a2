import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Room {
  /** Rooms that this one may import, besides itself. `room/*` is every room inside that room. */
  readonly rooms: readonly string[];
  /** Packages and node: modules that this one may import. */
  readonly packages: readonly string[];
}

/** Folders whose files follow the rule of the room around them. */
const IN_ONE_ROOM = /^(protocols\/grpc\/grpc-js\/(adapters|engine))$/;

const WIRE: readonly string[] = ['errors', 'wire', 'wire/*'];
const TRANSPORTS: readonly string[] = ['transports', 'transports/*'];
const RUNNERS: readonly string[] = ['runners', 'runners/*'];
const PROTOCOLS: readonly string[] = ['protocols', 'protocols/*'];
const ENDS: readonly string[] = [...WIRE, 'streams', 'processes', ...TRANSPORTS, ...PROTOCOLS];
const ASSEMBLY: readonly string[] = [...ENDS, ...RUNNERS, 'host', 'host/*', 'plugin'];
const DI: readonly string[] = [...ASSEMBLY, 'assembly'];

function room(rooms: readonly string[], packages: readonly string[] = []): Room {
  return { rooms, packages };
}

function transport(rooms: readonly string[], packages: readonly string[] = []): Room {
  return room([...WIRE, 'streams', ...rooms], ['rxjs', 'node:stream', 'node:net', ...packages]);
}

function runner(rooms: readonly string[], packages: readonly string[] = []): Room {
  const files = ['node:fs', 'node:os', 'node:path', 'node:crypto'];
  const processes = ['node:child_process', 'node:events', 'node:net', 'node:http'];
  return room(
    [...WIRE, 'streams', 'processes', ...rooms],
    ['rxjs', 'node:stream', ...files, ...processes, ...packages],
  );
}

function grpc(rooms: readonly string[], packages: readonly string[] = []): Room {
  const inner = rooms.map((name) => `protocols/grpc/${name}`);
  return room(
    [...WIRE, 'streams', ...TRANSPORTS, 'protocols', 'protocols/grpc/gen', ...inner],
    ['rxjs', 'node:stream', '@grpc/grpc-js', ...packages],
  );
}

function host(rooms: readonly string[], packages: readonly string[] = []): Room {
  return room([...ENDS, ...RUNNERS, ...rooms.map((name) => `host/${name}`)], ['rxjs', 'node:stream', ...packages]);
}

/**
 * The room tables of docs/architecture.md. A file belongs to the longest name here that its path begins with. A folder that is not listed
 * may not exist.
 */
const ROOMS: Readonly<Record<string, Room>> = {
  errors: room([]),

  wire: room(['errors']),
  'wire/handshake': room(['errors', 'wire']),
  'wire/logs': room(['errors', 'wire']),
  'wire/manifest': room(['errors', 'wire', 'wire/handshake']),
  'wire/http2': room(['errors', 'wire']),
  'wire/yamux': room(['errors', 'wire']),
  'wire/gob': room(['errors', 'wire']),
  'wire/gob/schema': room(['errors', 'wire', 'wire/gob']),
  'wire/gob/encode': room(['errors', 'wire', 'wire/gob', 'wire/gob/schema']),
  'wire/gob/decode': room(['errors', 'wire', 'wire/gob', 'wire/gob/schema']),
  'wire/gob/gob': room(['errors', 'wire/gob', 'wire/gob/*']),
  'wire/gob/index': room(['errors', 'wire/gob', 'wire/gob/*']),
  'wire/net-rpc': room(['errors', 'wire', 'wire/gob/*']),
  'wire/index': room(WIRE),

  streams: room(WIRE, ['rxjs', 'node:stream']),

  processes: room(WIRE, ['node:fs', 'node:path', 'node:crypto', 'node:child_process']),

  transports: transport([]),
  'transports/sockets': transport(['transports', 'processes'], ['node:fs', 'node:os', 'node:path', 'node:crypto']),
  'transports/tls': transport(['transports'], ['node:tls', 'node:crypto', 'node-forge']),
  'transports/yamux': transport(['transports']),
  'transports/http2': transport(['transports']),
  'transports/http2/flow': transport(['transports/http2']),
  'transports/http2/stream': transport(['transports/http2', 'transports/http2/flow']),
  // Accepted sockets are read without a copy where they can be: `sockets/direct-socket`.
  'transports/http2/session': transport(['transports/sockets', 'transports/http2', 'transports/http2/*']),
  'transports/http2/open-session': transport(['transports/http2', 'transports/http2/*']),

  'runners/diagnose': runner([]),
  'runners/secure': runner(['runners/diagnose'], ['node:module']),
  runners: runner(['runners/diagnose', 'runners/secure']),
  'runners/process': runner(RUNNERS),
  'runners/container': runner(['runners', 'runners/diagnose']),
  'runners/sandbox': runner([...RUNNERS]),
  'runners/relay': runner([...RUNNERS, ...TRANSPORTS]),

  protocols: room([...WIRE, 'streams', ...TRANSPORTS], ['rxjs', 'node:stream', 'node:net', 'node:util']),
  'protocols/grpc/gen': room([], ['@bufbuild/protobuf']),
  'protocols/grpc/shared': grpc([], ['@bufbuild/protobuf']),
  'protocols/grpc/message': grpc(['shared'], ['@bufbuild/protobuf', 'node:util', 'node:v8', 'node:zlib']),
  'protocols/grpc/client': grpc(['shared', 'message']),
  'protocols/grpc/server': grpc(['shared', 'message'], ['node:events']),
  'protocols/grpc/services': grpc(['shared', 'message', 'client', 'server'], ['@bufbuild/protobuf']),
  'protocols/grpc/grpc-js': grpc(['shared', 'message', 'client', 'server'], ['node:net', 'node:events', 'node:util']),
  'protocols/grpc/engine': grpc(['shared', 'client', 'server', 'grpc-js']),
  'protocols/grpc/broker': grpc(['shared', 'message', 'client', 'server', 'services', 'engine'], ['node:net']),
  'protocols/grpc/contract': grpc(['shared', 'client', 'server', 'broker']),
  'protocols/grpc': grpc(['*']),
  'protocols/netrpc': room([...WIRE, 'streams', ...TRANSPORTS, 'protocols'], ['rxjs', 'node:stream', 'node:net']),
  'protocols/dual': room(['errors', ...PROTOCOLS]),

  'host/directory-changes': host([], ['node:fs']),
  'host/attached': host(['directory-changes'], ['node:fs', 'node:path']),
  'host/launch-options': host(['attached'], ['node:url']),
  'host/plugin-name': host(['launch-options'], ['node:path']),
  'host/negotiated': host([]),
  'host/output': host([]),
  'host/plugin-sets': host([]),
  'host/options': host(['launch-options', 'plugin-name', 'plugin-sets', 'output', 'negotiated']),
  'host/client-registry': host([]),
  'host/parts': host(['client-registry', 'output']),
  'host/plugin-streams': host(['output', 'plugin-name']),
  'host/start': host(['attached', 'launch-options', 'options', 'parts', 'plugin-streams'], ['node:os', 'node:path']),
  'host/stop': host(['start']),
  host: host(['*'], ['node:fs', 'node:path']),
  plugin: room(ENDS, ['rxjs', 'node:stream', 'node:fs', 'node:module', 'node:util']),
  assembly: room(ASSEMBLY, ['inversify']),
  'supervision/calls': room(ENDS, ['rxjs']),
  supervision: room([...DI, 'supervision/calls'], ['rxjs', 'node:stream', 'node:fs', 'node:path', 'node:crypto']),
  di: room([...DI, 'supervision', 'supervision/*'], ['rxjs', 'node:stream', 'inversify', 'reflect-metadata']),
  // The package's entries: one for each subject, and nothing but names.
  index: room([...DI, 'di', 'grpc']),
  grpc: room(DI),
  'net-rpc': room(DI),
  transport: room(DI),
  container: room(DI),
  endpoint: room([...DI, 'di']),
  manifest: room(WIRE),
  sandbox: room(DI),
  relay: room(DI),
  supervise: room([...DI, 'di', 'supervision', 'supervision/*']),
  bundle: room(
    ['errors', 'wire'],
    ['esbuild', 'node:child_process', 'node:crypto', 'node:fs', 'node:module', 'node:os', 'node:path', 'node:util'],
  ),
  // The command line uses the package as anybody does, but for two files whose names no entry has.
  'cli/terminal': room([], ['picocolors']),
  'cli/process': room(['cli/terminal'], ['rxplug', 'rxjs', '@stricli/core', 'node:fs', 'node:os', 'node:stream']),
  'cli/target': room(['cli/process', 'cli/terminal'], ['rxplug', 'rxjs', 'node:fs', 'node:path', 'node:stream']),
  'cli/tools': room(['cli/process'], ['node:fs', 'node:os', 'node:path', 'node:util', 'node:child_process']),
  'cli/schema/proto-text': room([], ['@bufbuild/protobuf']),
  'cli/schema': room(
    ['cli/process', 'cli/tools', 'cli/schema/proto-text', 'protocols/grpc/gen'],
    ['rxplug', 'rxjs', '@bufbuild/protobuf', 'node:fs', 'node:path'],
  ),
  'cli/build': room(
    ['cli/process', 'cli/target', 'cli/schema'],
    ['rxplug', 'rxjs', 'node:child_process', 'node:events', 'node:fs', 'node:module', 'node:os', 'node:path'],
  ),
  'cli/net-rpc': room(['cli/process', 'cli/terminal', 'cli/target'], ['rxplug', 'rxjs', 'node:stream']),
  'cli/inspect': room(
    ['cli/process', 'cli/target', 'cli/schema', 'protocols/grpc/gen'],
    ['rxplug', 'rxjs', 'node:crypto', 'node:fs', 'node:path', 'node:stream', 'node:tls'],
  ),
  'cli/run': room(
    ['cli/process', 'cli/terminal', 'cli/target'],
    ['rxplug', 'rxjs', 'node:fs', 'node:os', 'node:path', 'node:stream'],
  ),
  'cli/sidecar': room(
    ['cli/process', 'cli/run', 'cli/target', 'protocols/grpc/gen'],
    ['rxplug', 'rxjs', 'node:fs', 'node:net', 'node:path', 'node:crypto', 'node:events'],
  ),
  'cli/report': room(['cli/terminal', 'cli/target'], ['rxplug']),
  'cli/plugin': room(['cli/process'], ['node:module', 'node:path', 'node:url']),
  'cli/completion': room(['cli/process', 'cli/plugin'], ['@stricli/core']),
  'cli/call': room(
    ['cli/process', 'cli/terminal', 'cli/target', 'cli/schema'],
    ['rxplug', 'rxjs', '@bufbuild/protobuf', 'node:events', 'node:fs', 'node:path', 'node:url'],
  ),
  'cli/commands': room(
    [
      'cli/call',
      'cli/completion',
      'cli/plugin',
      'cli/tools',
      'cli/process',
      'cli/terminal',
      'cli/target',
      'cli/schema',
      'cli/schema/proto-text',
      'cli/inspect',
      'cli/net-rpc',
      'cli/build',
      'cli/run',
      'cli/sidecar',
      'cli/report',
      'runners/diagnose',
    ],
    ['rxplug', 'rxjs', '@bufbuild/protobuf', 'node:events', 'node:fs', 'node:path'],
  ),
  'cli/relay': room([], ['rxplug/relay']),
  cli: room(['cli/*'], ['@stricli/core']),
  'check/result': room([]),
  'check/options': room(ENDS),
  'check/bench': room([...ENDS, 'check/options'], ['rxjs', 'node:stream', 'node:tls', 'node:child_process']),
  'check/items': room(
    [...ENDS, 'check/result', 'check/bench'],
    ['rxjs', 'node:stream', 'node:tls', 'node:crypto', 'node:fs', 'node:path'],
  ),
  check: room([...DI, 'check/*'], ['rxjs']),
  testing: room(
    [...DI, 'di', 'index', 'check', 'check/*'],
    ['rxjs', 'node:assert', 'node:stream', 'node:net', 'node:fs', 'node:path', 'node:os'],
  ),
};

/** Finer rules: a package that only these files may import. */
const ONLY_IN: Readonly<Record<string, RegExp>> = {
  'node-forge': /^transports\/tls\/(certificate|node-forge-asn1\.d)\.ts$/,
  '@grpc/grpc-js': /^protocols\/grpc\//,
  inversify: /^(di|assembly)\//,
  'reflect-metadata': /^di\//,
  // Besides plugins: Node makes single executables, the command measures starts and runs compilers of .proto files.
  'node:child_process': /^(runners|processes|bundle|cli\/build|cli\/tools|check\/bench)\//,
};

test('every import in src/ points to the left in the room table', () => {
  const files = sources();
  assert.ok(files.length > 0, 'no sources found: the test would pass for nothing');
  const breaches = files.flatMap((file) => importsOf(file).flatMap((name) => breachOf(file, name)));
  assert.deepEqual(breaches, []);
});

test('every folder of src/ is a room of the table', () => {
  assert.deepEqual(unlistedFolders(), []);
});

test('no folder has more than 25 files: a larger one has rooms inside', () => {
  const counts = new Map<string, number>();
  for (const file of sources()) counts.set(posix.dirname(file), (counts.get(posix.dirname(file)) ?? 0) + 1);
  assert.deepEqual(
    [...counts].filter(([, files]) => files > 25),
    [],
  );
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

test('nothing is multicast by an operator: what is shared is a Subject with an owner', () => {
  const offenders = sources().filter((file) =>
    /\b(share|shareReplay|publish|multicast)\(/.test(stripComments(read(file))),
  );
  assert.deepEqual(offenders, []);
});

test('values of grpc-js are imported by shared/grpc-js.ts and grpc-js/ alone, so that it is loaded when it is chosen', () => {
  const offenders = sources()
    .filter((file) => !/^protocols\/grpc\/(grpc-js\/|shared\/grpc-js\.ts$)/.test(file))
    .filter((file) => /^import (?!type\b)[^;]*from '@grpc\/grpc-js/m.test(stripComments(read(file))));
  assert.deepEqual(offenders, []);
});

test('classes of rxjs are constructed and nothing else, so that the published files load them with the first object', () => {
  const offenders = sources()
    .filter((file) => !file.startsWith('cli/'))
    .filter((file) => otherUseOfRxjs(read(file)));
  assert.deepEqual(offenders, []);
  for (const text of ['class A extends Subject<void> {', 'x instanceof Observable', 'x = Subscription.EMPTY;'])
    assert.ok(otherUseOfRxjs(text), text);
});

function otherUseOfRxjs(text: string): boolean {
  const classes = '(?:Observable|Subscription|Subscriber|(?:Async|Behavior|Replay)?Subject)\\b';
  return new RegExp(`\\b(?:extends|instanceof) ${classes}|\\b${classes}\\.\\w`).test(stripComments(text));
}

test('a breach is found', () => {
  assert.equal(breachOf('wire/x.ts', '../streams/decode.js').length, 1);
  assert.equal(breachOf('wire/x.ts', 'node:net').length, 1);
  assert.equal(breachOf('streams/x.ts', '@grpc/grpc-js').length, 1);
  assert.equal(breachOf('host/x.ts', '../plugin/serve.js').length, 1);
  assert.equal(breachOf('protocols/grpc/client/x.ts', '../server/call.js').length, 1);
  assert.equal(breachOf('protocols/grpc/message/x.ts', '../client/channel.js').length, 1);
  assert.equal(breachOf('wire/gob/encode/x.ts', '../decode/reader.js').length, 1);
  assert.equal(breachOf('streams/x.ts', '../wire/logs/logger.js').length, 0);
  assert.equal(breachOf('host/x.ts', '../protocols/grpc/client/client.js').length, 0);
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

/** The longest name of the table that a file's path begins with. */
function roomOf(file: string): string | undefined {
  const parts = file.replace(/\.ts$/, '').split('/');
  const names = parts.map((_, index) => parts.slice(0, parts.length - index).join('/'));
  return names.find((name) => name in ROOMS);
}

/** A folder must be a room; files of a room that has folders may stand beside them. */
function unlistedFolders(): string[] {
  const folders = new Set(sources().map((file) => posix.dirname(file)));
  return [...folders].filter((folder) => folder !== '.' && !(folder in ROOMS) && !IN_ONE_ROOM.test(folder));
}

function mayImport(from: string, to: string): boolean {
  const allowed = ROOMS[from]!.rooms;
  return (
    to === from || allowed.some((name) => name === to || (name.endsWith('/*') && to.startsWith(name.slice(0, -1))))
  );
}

function breachOf(file: string, name: string): string[] {
  const from = roomOf(file);
  if (from === undefined) return [`src/${file} is in no room of the table`];
  if (name.startsWith('.')) {
    const target = posix.join(posix.dirname(file), name).replace(/\.js$/, '.ts');
    const to = roomOf(target);
    if (to === undefined) return [`src/${file} imports ${target}, which is in no room of the table`];
    return mayImport(from, to) ? [] : [`src/${file} imports ${target}: ${from} may not import ${to}`];
  }
  const known = ROOMS[from]!.packages.some((allowed) => name === allowed || name.startsWith(`${allowed}/`));
  const only = Object.entries(ONLY_IN).find(([owner]) => name === owner || name.startsWith(`${owner}/`));
  if (!known) return [`src/${file} imports ${name}: not allowed in ${from}`];
  return only === undefined || only[1].test(file) ? [] : [`src/${file} imports ${name}: only ${only[1].source} may`];
}
