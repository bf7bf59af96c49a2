/**
 * A plugin's whole way, in Go and in TypeScript, by the published command: packed, signed and pushed by its author, added by the user on
 * another machine, verified, run, updated, and reloaded without a failed call; then installed on a third machine by the lock file alone.
 */
import assert from 'node:assert/strict';
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { filter, firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { goPlugin } from '../../examples/grpc-kv/go-plugin.js';
import { createStore, type Store } from '../../packages/store/src/index.js';
import { runCli } from '../cli/run-cli.js';
import { needsGo, REPOSITORY } from '../conformance/build-go.js';
import { within } from '../support/defer.js';
import { needs, startDockerRegistry } from './sources/oci/registries.js';

const LIMIT_MS = 180_000;
const { magicCookieKey: cookieKey, magicCookieValue: cookieValue } = handshake;
const value = new Uint8Array([1]);

let place: string;
before(() => {
  place = mkdtempSync(join(tmpdir(), 'whole-way-'));
});
after(() => rmSync(place, { recursive: true }));

/** A machine: a home of its own, and a project with `rxplug-store`, as npm installs it. */
interface Machine {
  readonly project: string;
  /** Runs `rxplug` with arguments there; it must succeed. Resolves with what it prints. */
  rxplug(...args: readonly string[]): Promise<string>;
  /** The store of an application there. */
  store(): Store;
}

function machine(name: string): Machine {
  const home = join(place, name);
  const project = join(home, 'project');
  const modules = join(project, 'node_modules');
  mkdirSync(join(modules, 'rxplug-store'), { recursive: true });
  for (const file of ['package.json', 'dist'])
    cpSync(join(REPOSITORY, 'packages/store', file), join(modules, 'rxplug-store', file), { recursive: true });
  symlinkSync(REPOSITORY, join(modules, 'rxplug'));
  for (const name of ['rxjs', 'semver', 'tar', '@bufbuild'])
    symlinkSync(join(REPOSITORY, 'node_modules', name), join(modules, name));
  const env = { HOME: home, XDG_CACHE_HOME: join(home, 'cache') };
  return {
    project,
    async rxplug(...args) {
      const { code, stdout, stderr } = await runCli(args, { cwd: project, env, limitMs: LIMIT_MS });
      assert.equal(code, 0, `rxplug ${args.join(' ')}: ${stdout}${stderr}`);
      return stdout;
    },
    store: () =>
      createStore({
        lock: join(project, 'rxplug.lock'),
        directory: join(home, 'cache/rxplug/store/v1'),
        host: { name: 'acme', version: '3.2.0' },
      }),
  };
}

/** Makes the folder of a version. */
type Make = (author: Machine, version: string) => Promise<string>;

const typescript: Make = async (author, version) => {
  const examples = join(REPOSITORY, 'examples/grpc-kv');
  const source = `
    import { serve } from ${JSON.stringify(join(REPOSITORY, 'dist/lib/index.js'))};
    import { handshake } from ${JSON.stringify(join(examples, 'contract.ts'))};
    import { KvStore } from ${JSON.stringify(join(examples, 'kv-store.ts'))};
    void serve({ handshake, plugins: { kv: KvStore } });`;
  writeFileSync(join(author.project, 'plugin.ts'), source);
  const said = { manifestVersion: 1, name: 'acme/kv', hosts: { acme: '>=3' }, handshake: { cookieKey, cookieValue } };
  writeFileSync(join(author.project, 'package.json'), JSON.stringify({ type: 'module', version, rxplug: said }));
  await author.rxplug('build', 'plugin.ts', '-o', `${version}/kv`, '--manifest', '--no-record', '--no-check');
  return version;
};

const go: Make = async (author, version) => {
  const [program = '', ...args] = (await goPlugin()) ?? [];
  mkdirSync(join(author.project, version, 'bin'), { recursive: true });
  copyFileSync(program, join(author.project, version, 'bin', basename(program)));
  const manifest = {
    manifestVersion: 1,
    name: 'acme/kv',
    version,
    handshake: { cookieKey, cookieValue, protocolVersions: [1] },
    protocols: ['grpc'],
    hosts: { acme: '>=3' },
    run: { [`${process.platform}-${process.arch}`]: [`bin/${basename(program)}`, ...args] },
  };
  writeFileSync(join(author.project, version, 'rxplug.plugin.json'), JSON.stringify(manifest));
  return version;
};

async function publish(author: Machine, make: Make, version: string, address: string): Promise<void> {
  await author.rxplug('plugin', 'pack', await make(author, version), '--out', 'public');
  await author.rxplug('plugin', 'sign', 'public', '--secret', 'secret.key');
  await author.rxplug('plugin', 'push', 'public', address);
}

async function wholeWay(t: TestContext, language: string, make: Make): Promise<void> {
  const { host } = await startDockerRegistry(t);
  const address = `oci://${host}/acme/kv`;
  const author = machine(`${language}-author`);
  await author.rxplug('plugin', 'keygen', '--no-password', '--secret', 'secret.key', '--public', 'public.key');
  await publish(author, make, '1.0.0', address);

  const user = machine(`${language}-user`);
  const key = join(author.project, 'public.key');
  copyFileSync(key, join(user.project, 'author.pub'));
  await user.rxplug('plugin', 'add', address, '--range', '^1', '--yes');
  assert.match(await user.rxplug('plugin', 'verify'), /^kv 1\.0\.0: good$/m);

  const store = user.store();
  await using plugin = supervise({
    ...(await store.use('kv')),
    name: 'kv',
    handshake,
    plugins,
    supervision: {
      generation: () => store.use('kv'),
      reloadOn: store.changes('kv'),
      whenDown: { limitMs: LIMIT_MS },
    },
  });
  const kv = await plugin.dispense('kv');
  assert.equal((await firstValueFrom(kv.put({ key: 'a', value }))).revision, 1n);
  assert.deepEqual(plugin.plugin, { name: 'kv', version: '1.0.0' });

  await publish(author, make, '1.1.0', address);
  const failed: unknown[] = [];
  const reloaded = firstValueFrom(
    plugin.events$.pipe(filter((event) => event.type === 'started' && event.generation === 2)),
  );
  const updated = user.rxplug('plugin', 'update', 'kv');
  const serves = (generation: number) => plugin.state.status === 'ready' && plugin.state.generation === generation;
  const calling = (async () => {
    while (!serves(2)) await firstValueFrom(kv.put({ key: 'a', value })).catch((error: unknown) => failed.push(error));
  })();
  await within(LIMIT_MS, 'the update and the reload', Promise.all([updated, reloaded, calling]));
  assert.deepEqual([failed, plugin.plugin], [[], { name: 'kv', version: '1.1.0' }]);
  assert.ok((await firstValueFrom(kv.put({ key: 'a', value }))).revision > 0n);

  const third = machine(`${language}-third`);
  copyFileSync(join(user.project, 'rxplug.lock'), join(third.project, 'rxplug.lock'));
  await third.rxplug('plugin', 'install');
  await using client = createClient({ ...(await third.store().use('kv')), handshake, plugins });
  await client.start();
  assert.deepEqual(client.plugin, { name: 'acme/kv', version: '1.1.0' });
}

test('a plugin in TypeScript goes the whole way', needs('dockerRegistry'), (t) => wholeWay(t, 'ts', typescript));

test('a plugin in Go goes the whole way', { skip: needsGo().skip || needs('dockerRegistry').skip }, (t) =>
  wholeWay(t, 'go', go),
);
