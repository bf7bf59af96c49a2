/** What the published files promise besides the API: whose modules they use, how many files they are, where their errors point to. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { basename } from 'node:path';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Container } from 'inversify';
import { firstValueFrom, map, Observable, of, Subject } from 'rxjs';
import { createClient, grpcPlugin, PluginService } from 'rxplug';
import { pluginClientToken, pluginHostModule } from 'rxplug/di';
import { GrpcError, Metadata, status } from 'rxplug/grpc';
import { createPluginPair } from 'rxplug/testing';
import { GreeterDefinition, type GreetRequest } from '../../examples/gen/greeter.js';
import * as sources from '../../src/index.js';
import { testEnv } from '../fixtures/fixture.js';
import { loadedFiles } from '../support/loaded-files.js';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../../', import.meta.url));
const published = fileURLToPath(new URL('../../lib/', import.meta.url));
const scripts = readdirSync(published, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.js'));
const handshake = { magicCookieKey: 'K', magicCookieValue: 'V' };
const plugins = { greeter: grpcPlugin(GreeterDefinition) };
const require = createRequire(import.meta.url);

@PluginService(GreeterDefinition)
class Greeter {
  greet({ name }: GreetRequest) {
    return new Observable<{ greeting: string }>((subscriber) => {
      subscriber.next({ greeting: `Hello ${name}` });
      subscriber.complete();
    });
  }
}

describe('what the application has as well is one module', () => {
  test('rxjs: Observables of the library are instances of the application’s class, imported or required', () => {
    const client = createClient({ command: ['x'], handshake, plugins });
    for (const rxjs of [{ Observable, Subject }, require('rxjs') as typeof import('rxjs')])
      for (const stream$ of [client.state$, client.logs$, client.syncStdout$])
        assert.ok(stream$ instanceof rxjs.Observable);
  });

  test('rxjs: the application’s Observables and operators work in both directions', async () => {
    await using pair = await createPluginPair(plugins, { greeter: Greeter });
    const greeter = await pair.dispense('greeter');
    const greeting$ = greeter.greet({ name: 'Ada' }).pipe(map(({ greeting }) => greeting));
    assert.equal(await firstValueFrom(greeting$), 'Hello Ada');
  });

  test('inversify: its container takes the library’s modules and tokens', async () => {
    const container = new Container();
    container.load(pluginHostModule({ greeter: { command: ['x'], handshake, plugins } }));
    assert.equal(container.get(pluginClientToken('greeter')).exited, false);
    await container.unbindAllAsync();
  });

  test('grpc-js: metadata and status codes are its own', () => {
    const grpcJs = require('@grpc/grpc-js') as typeof import('@grpc/grpc-js');
    assert.equal(Metadata, grpcJs.Metadata);
    assert.equal(status, grpcJs.status);
  });
});

test('two copies of the library know each other’s errors, contracts and marks', async () => {
  const error = new GrpcError(status.NOT_FOUND, 'nothing');
  assert.ok(sources.PluginError.is(error));
  await using pair = await createPluginPair(plugins, {
    greeter: sources.implement(sources.grpcPlugin(GreeterDefinition), {
      greet: ({ name }) => of({ greeting: `Hello ${name}` }),
    }),
  });
  assert.equal((await firstValueFrom((await pair.dispense('greeter')).greet({ name: 'Ada' }))).greeting, 'Hello Ada');
});

test('an entry is one file of its own and the core, and loads no chunk that it does not need', async () => {
  const { urls } = await loadedFiles("import 'rxplug';", here);
  const own = urls.flatMap((url) => /\/dist\/((?:lib|src)\/.*)/.exec(url)?.[1] ?? []);
  const expected = ['lib/index.js', 'lib/parts/chunk-*.js', 'lib/required/core.js'];
  assert.deepEqual(own.map((file) => file.replace(/chunk-\w+/, 'chunk-*')).toSorted(), expected);
});

test('of grpc-js only the files with its names are loaded, with `rxplug/grpc` too', async () => {
  const { urls } = await loadedFiles("import 'rxplug'; import 'rxplug/grpc';", here);
  const files = urls.flatMap((url) => /@grpc\/grpc-js\/build\/src\/(.*)/.exec(url)?.[1] ?? []);
  const expected = ['connectivity-state.js', 'constants.js', 'error.js', 'logging.js', 'metadata.js'];
  assert.deepEqual(files.toSorted(), expected);
});

test('gRPC, net/rpc, gob, yamux, reflection and checksums are loaded when they are used', async () => {
  const { urls } = await loadedFiles("import 'rxplug';", here);
  const own = urls.filter((url) => url.includes('/dist/lib/parts/')).map((url) => basename(url));
  const parts = scripts.filter((file) => file.startsWith('parts/')).map((file) => basename(file));
  const sourcesOf = async (files: readonly string[]) => {
    const maps = await Promise.all(files.map((file) => readFile(`${published}parts/${file}.map`, 'utf8')));
    return maps.flatMap((map) => (JSON.parse(map) as { sources: string[] }).sources);
  };
  const [loaded, later] = [await sourcesOf(own), await sourcesOf(parts.filter((file) => !own.includes(file)))];
  for (const file of [
    'netrpc/rpc-server.ts',
    'netrpc/rpc-client.ts',
    'grpc/server/server.ts',
    'http2/session/session.ts',
    'yamux/session.ts',
    'services/reflection-answers.ts',
    'secure/open-verified.ts',
    'gob/decode/decoder.ts',
    'gob/encode/encoder.ts',
  ])
    assert.deepEqual(
      [loaded, later].map((sources) => sources.some((source) => source.endsWith(file))),
      [false, true],
      file,
    );
});

test('every file is ASCII, which Node reads with one byte for each character', async () => {
  for (const name of scripts)
    assert.ok(
      (await readFile(`${published}${name}`)).every((byte) => byte < 0x80),
      name,
    );
});

test('the maps name the sources, and no file names a path of the machine that built it', async () => {
  for (const file of scripts) {
    const text = await readFile(`${published}${file}`, 'utf8');
    assert.ok(!text.includes(root), file);
    // Files that only name what others have, or require, have none.
    if (!text.includes('sourceMappingURL=')) continue;
    const map = JSON.parse(await readFile(`${published}${file}.map`, 'utf8')) as { sources: string[] };
    assert.ok(
      map.sources.every((source) => /\/src\/|^[\w-]+:/.test(source)),
      file,
    );
  }
});

test('Node and bundlers get the same names of packages, from the files that the code imports', async () => {
  const imported = scripts.filter((file) => file.startsWith('imported/'));
  assert.ok(imported.length > 0);
  for (const file of imported) {
    const namesOf = async (set: string) =>
      Object.keys((await import(`${published}${set}/${basename(file)}`)) as object);
    assert.deepEqual((await namesOf('imported')).toSorted(), (await namesOf('required')).toSorted(), file);
  }
});

test('errors point to the source', async () => {
  const program = "import { createClient } from 'rxplug'; createClient({ command: [], handshake: {}, plugins: {} });";
  const args = ['--enable-source-maps', '--input-type=module', '-e', program];
  const { stderr } = await promisify(execFile)(process.execPath, args, { cwd: here, env: testEnv() }).catch(
    (error: { stderr: string }) => error,
  );
  assert.match(stderr, /OptionsError/);
  assert.match(stderr, /src\/host\/[\w-]+\.ts:\d+/);
});
