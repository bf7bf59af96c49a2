/** `npm create rxplug`: each template is made, built, tested and started, with the packed packages. */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { needsGo } from '../conformance/build-go.js';
import { testEnv } from '../fixtures/fixture.js';
import { within } from '../support/defer.js';
import { NO_REGISTRY } from '../support/npm-install.js';
import { needsTerraform, terraformIn } from '../support/terraform.js';
import { type ToolProject, toolProject } from '../support/tool-project.js';

const execute = promisify(execFile);
const { execPath: node } = process;
const source = fileURLToPath(new URL('../../../packages/create/', import.meta.url));
const templates = (await readdir(join(source, 'templates'))).toSorted();

interface Manifest {
  readonly name: string;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
}

const readManifest = async (path: string): Promise<Manifest> => JSON.parse(await readFile(path, 'utf8')) as Manifest;

/** What the templates install, once for all: they are made below its folder. */
async function packagesOfTemplates(): Promise<readonly string[]> {
  const found = await Promise.all(
    templates.map((name) => readManifest(join(source, 'templates', name, 'package.json'))),
  );
  const all = found.flatMap(({ dependencies, devDependencies }) =>
    Object.entries({ ...dependencies, ...devDependencies }),
  );
  return [...new Set(all.map(([name, range]) => `${name}@${range}`))].filter((name) => !name.startsWith('rxplug@'));
}

let packed: string;
let tarball: string;
let installed: ToolProject | undefined;
before(async () => {
  packed = await mkdtemp(join(homedir(), '.rxplug-create-'));
  const npm = ['pack', '--json', '--pack-destination', packed];
  const { stdout } = await execute('npm', npm, { cwd: source, env: testEnv({ npm_config_loglevel: 'error' }) });
  tarball = join(packed, (JSON.parse(stdout) as [{ filename: string }])[0].filename);
  installed = await toolProject([tarball, ...(await packagesOfTemplates())]);
  // Their test runners are not part of this one.
  delete installed?.env['NODE_TEST_CONTEXT'];
});
after(async () => {
  await rm(packed, { recursive: true });
  if (installed !== undefined) await rm(installed.directory, { recursive: true });
});

/** A test of a template's project, which is made first. */
function testOf(template: string, title: string, body: (project: ToolProject, t: TestContext) => Promise<void>): void {
  test(`${template}: ${title}`, async (t) => {
    if (installed === undefined) return t.skip(NO_REGISTRY);
    await installed.run('.', node, installed.bin('create-rxplug/create.js'), template, '--template', template);
    await body(installed, t);
  });
}

const npmRun = ({ run }: ToolProject, folder: string, script: string): Promise<string> =>
  run(folder, 'npm', 'run', '-s', script);

async function assertPasses(project: ToolProject, folder: string, tests: number): Promise<void> {
  assert.match(await npmRun(project, folder, 'test'), new RegExp(`^(?:#|ℹ) pass ${tests}$`, 'm'));
}

/** The plugin becomes one file, which is what hosts expect. */
async function assertShips(project: ToolProject, folder: string, name: string): Promise<void> {
  assert.match(await npmRun(project, folder, 'ship'), /^checked: \d+ items passed/m);
  assert.ok((await stat(join(project.directory, folder, 'dist/ship', name))).size > 100_000);
}

describe('the command', () => {
  test('is run by npm, asks nothing, and makes a project of its tarball', async (t) => {
    if (installed === undefined) return t.skip(NO_REGISTRY);
    const exec = [
      'exec',
      '--yes',
      '--package',
      tarball,
      '--',
      'create-rxplug',
      'My Plugin',
      '--yes',
      '--rxplug',
      './rxplug.tgz',
    ];
    const said = await installed.run('.', 'npm', ...exec);
    assert.match(
      said,
      /^Made My Plugin\. Next:\n\n {2}cd "My Plugin"\n {2}npm install\n {2}npm run build\n {2}npm test\n$/,
    );
    const folder = join(installed.directory, 'My Plugin');
    const { name, dependencies } = await readManifest(join(folder, 'package.json'));
    assert.deepEqual([name, dependencies['rxplug']], ['my-plugin', `file:${join(installed.directory, 'rxplug.tgz')}`]);
    assert.ok((await readdir(folder)).includes('.gitignore'));
  });

  test('tells what to do next, where a protocol has to be fetched before the build too', async () => {
    const args = [join(source, 'create.js'), 'provider', '--template', 'terraform-provider'];
    const { stdout } = await execute(node, args, { cwd: packed, env: testEnv() });
    assert.match(stdout, /\n {2}npm install\n {2}npm run proto\n {2}npm run build\n {2}npm test\n$/);
  });

  const refused = async (...args: readonly string[]): Promise<string> => {
    const { code, stderr } = await execute(node, [join(source, 'create.js'), ...args], {
      cwd: packed,
      env: testEnv(),
    }).then(
      () => assert.fail('it should fail'),
      (error: { code: number; stderr: string }) => error,
    );
    assert.equal(code, 2, stderr);
    return stderr;
  };

  test('refuses what it cannot do, with what there is', async () => {
    assert.match(
      await refused('x', '--template', 'go-plugin'),
      /There is no template "go-plugin".*\n {2}plugin-and-host /,
    );
    assert.match(await refused('a', 'b'), /Expected one folder, got a b/);
    assert.match(await refused('--tmplate', 'x'), /Unknown option '--tmplate'/);
    assert.match(await refused('x'), /there is no terminal to ask at/);
    await writeFile(join(packed, 'full'), '');
    assert.match(await refused('.', '--yes'), /\. is not empty: it has /);
    assert.match(await refused('full', '--yes'), /^Cannot make the folder full: EEXIST.*Give the name of a new folder/);
  });

  /** Answers questions at a terminal, each when it is asked. Resolves with the exit code and what was shown. */
  async function answering(folder: string, answers: readonly (readonly [question: string, answer: string])[]) {
    await mkdir(folder);
    const command = `'${node}' '${join(source, 'create.js')}'`;
    const child = spawn('script', ['-qec', command, '/dev/null'], { cwd: folder, env: testEnv() });
    let shown = '';
    child.stdout.on('data', (chunk: Buffer) => (shown += chunk.toString()));
    const exit = once(child, 'exit');
    try {
      for (const [question, answer] of answers) {
        while (!shown.includes(question)) await within(10_000, question, once(child.stdout, 'data'));
        shown = '';
        child.stdin.write(answer);
      }
      const [code] = (await within(10_000, 'the end', exit)) as [number | null];
      return { code, shown };
    } finally {
      child.kill();
    }
  }
  const terminal = { skip: process.platform !== 'linux' && 'script of util-linux makes the terminal' };

  test('asks at a terminal, and again for what there is not', terminal, async () => {
    const folder = join(packed, 'asks');
    const answers = [
      ['Template (plugin-and-host):', 'nonsense\n'],
      ['There is no template "nonsense"', 'promise\n'],
      ['Folder (promise):', 'mine\n'],
    ] as const;
    const { code, shown } = await answering(folder, answers);
    assert.equal(code, 0, shown);
    assert.ok((await readdir(join(folder, 'mine'))).includes('proto'));
  });

  test('makes nothing for whoever leaves by Ctrl+C or Ctrl+D', terminal, async () => {
    for (const [name, key] of [
      ['interrupt', '\u0003'],
      ['end', '\u0004'],
    ] as const) {
      const { code, shown } = await answering(join(packed, name), [['Template (plugin-and-host):', key]]);
      assert.equal(code, 130, shown);
      assert.match(shown, /Nothing was made\.\r?\n$/);
      assert.deepEqual(await readdir(join(packed, name)), []);
    }
  });

  test('knows each template, and no other', async () => {
    const { stdout } = await execute(node, [join(source, 'create.js'), '--help'], { env: testEnv() });
    const listed = stdout.slice(stdout.indexOf('Templates:'));
    const names = [...listed.matchAll(/^ {2}([a-z-]+) /gm)].map(([, name = '']) => name);
    assert.deepEqual(names.toSorted(), templates);
  });
});

testOf(
  'plugin-and-host',
  'is built and tested, its host starts its plugin, and the plugin becomes one file',
  async (project) => {
    const folder = 'plugin-and-host';
    await npmRun(project, folder, 'build');
    await assertPasses(project, folder, 2);
    assert.equal(await npmRun(project, folder, 'start'), 'Hello Ada!\n3\n2\n1\n');
    await assertShips(project, folder, 'greeter');
  },
);

testOf('plugin-for-go-host', 'is built and tested, and its host in Go starts the one file', async (project) => {
  const folder = 'plugin-for-go-host';
  await npmRun(project, folder, 'build');
  await assertPasses(project, folder, 1);
  await assertShips(project, folder, 'store');
  if (needsGo().skip === false) assert.equal(await npmRun(project, folder, 'host'), 'revision 1: mars\n');
});

testOf(
  'promise',
  'is built, tested and shipped, and its host starts its plugin; nobody imports rxjs',
  async (project) => {
    const folder = 'promise';
    await npmRun(project, folder, 'build');
    await assertPasses(project, folder, 2);
    const listed = '[ ] write a plugin\n[x] read the documentation\n[ ] ship it\n';
    assert.equal(await npmRun(project, folder, 'start'), `2 imported\n${listed}`);
    await assertShips(project, folder, 'tasks');
    const sources = await readdir(join(project.directory, folder, 'src'));
    for (const file of sources.filter((name) => name.endsWith('.ts')))
      assert.doesNotMatch(await readFile(join(project.directory, folder, 'src', file), 'utf8'), /from 'rxjs/, file);
  },
);

testOf('nestjs-host', 'is built and tested with the plugin in it, and the plugin becomes one file', async (project) => {
  await npmRun(project, 'nestjs-host', 'build');
  await assertPasses(project, 'nestjs-host', 1);
  await assertShips(project, 'nestjs-host', 'ticker');
});

testOf('terraform-provider', 'is built, tested, and does what Terraform asks', async (project, t) => {
  const folder = join(project.directory, 'terraform-provider');
  if (needsGo().skip !== false) return t.skip('Go is not installed: the protocol is in a Go module.');
  await npmRun(project, 'terraform-provider', 'proto');
  await npmRun(project, 'terraform-provider', 'build');
  await assertPasses(project, 'terraform-provider', 2);
  const { skip } = needsTerraform();
  if (skip !== false) return t.skip(skip);
  await tryProvider(join(folder, 'example'), join(folder, 'dist/ship'));
});

/** With the real Terraform: schema, plan, apply, a change, a replacement, import, a mistake, a crash, and destroy. */
async function tryProvider(folder: string, providers: string): Promise<void> {
  const terraform = await terraformIn(folder, 'example.com/acme/acme', providers);
  const succeeds = async (...args: readonly string[]): Promise<string> => {
    const { code, said } = await terraform(args);
    assert.equal(code, 0, said);
    return said;
  };
  const fails = async (args: readonly string[], env?: Record<string, string>): Promise<string> => {
    const { code, said } = await terraform(args, env);
    assert.equal(code, 1, said);
    return said;
  };
  const main = join(folder, 'main.tf');
  const configuration = await readFile(main, 'utf8');
  const edit = (from: string, to: string): Promise<void> => writeFile(main, configuration.replace(from, to));
  const files = async (): Promise<string[]> => readdir(join(folder, 'files'));

  assert.match(await succeeds('providers', 'schema', '-json'), /"acme_file":.*"sha256":/);
  assert.match(await succeeds('plan'), /\+ content = "Hello Terraform!"[^]*Plan: 1 to add/);
  assert.match(
    await succeeds('apply', '-auto-approve'),
    /Apply complete! Resources: 1 added[^]*sha256 = "[0-9a-f]{64}"/,
  );
  assert.equal(await readFile(join(folder, 'files/greeting.txt'), 'utf8'), 'Hello Terraform!');
  await writeFile(join(folder, 'files/greeting.txt'), 'changed by somebody');
  assert.match(await succeeds('plan'), /- changed by somebody|"changed by somebody" -> "Hello Terraform!"/);
  await edit('Hello Terraform!', 'Hello again!');
  assert.match(await succeeds('apply', '-auto-approve'), /updated in-place[^]*1 changed/);
  assert.match(await succeeds('plan'), /No changes/);
  await edit('"greeting.txt"', '"moved.txt"');
  assert.match(
    await succeeds('apply', '-auto-approve'),
    /"greeting.txt" -> "moved.txt" # forces replacement[^]*1 added, 0 changed, 1 destroyed/,
  );
  assert.deepEqual(await files(), ['moved.txt']);

  await succeeds('state', 'rm', 'acme_file.greeting');
  assert.match(await fails(['import', 'acme_file.greeting', 'nowhere.txt']), /Error: There is no such file/);
  assert.match(await succeeds('import', 'acme_file.greeting', 'moved.txt'), /Import successful!/);
  assert.match(await succeeds('plan'), /No changes/);

  await edit('"greeting.txt"', '"../moved.txt"');
  const mistake = await fails(['validate']);
  assert.match(mistake, /Error: The path leaves the folder[^]*on main\.tf line 12[^]*path += "\.\.\/moved\.txt"/);

  await edit('"greeting.txt"', '"moved.txt"');
  const crash = join(folder, 'crash.cjs');
  await writeFile(
    crash,
    "require('node:fs/promises').rm = () => new Promise(() => setImmediate(() => { throw new RangeError('the disk burns'); }));",
  );
  const crashed = await fails(['destroy', '-auto-approve'], { NODE_OPTIONS: `--require ${crash}` });
  assert.match(crashed, /Stack trace from the terraform-provider-acme plugin:\s+panic: RangeError: the disk burns/);
  assert.match(crashed, /The terraform-provider-acme plugin crashed!/);
  assert.match(await succeeds('destroy', '-auto-approve'), /Destroy complete! Resources: 1 destroyed/);
  assert.deepEqual(await files(), []);
}
