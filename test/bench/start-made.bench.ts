/**
 * What `rxplug build` makes of the provider of `packages/create`, beside a provider in Go: how long each takes to start, and what the real
 * Terraform takes with it, wall and CPU, in turns, beside three times `node -e 0`. It needs Terraform, Go and a registry of npm:
 * `node dist/test/bench/run.js start-made`. NODE_EXTRA_CA_CERTS is unset: with it Node 20 reads those certificates at each start.
 */
import { type ExecFileOptions, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PROFILES } from '../../src/cli/target/profiles.js';
import { toolProject } from '../support/tool-project.js';

delete process.env['NODE_EXTRA_CA_CERTS'];

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 9);
const run = promisify(execFile);
const GO_PROVIDER = 'github.com/hashicorp/terraform-provider-time@v0.14.2';
const PACKAGES = [
  'rxjs@7',
  '@bufbuild/protobuf@2',
  '@msgpack/msgpack@3',
  'esbuild@0.28',
  'postject@1.0.0-alpha.6',
  '@types/node@20',
];

/** A provider that Terraform uses. */
interface Provider {
  readonly title: string;
  /** Its address in a configuration. */
  readonly source: string;
  /** Its file, alone in a folder, but for its code. */
  readonly file: string;
  readonly configuration: string;
}

/** What of a plan is Node's alone, since Terraform starts a provider three times for it. */
const NODES = 'node -e 0, three times, without Terraform';

/** Wall and CPU time, of Terraform and all that it has started, in ms. */
interface Cost {
  readonly wallMs: number;
  readonly cpuMs: number;
}

const { cookieKey, cookieValue } = PROFILES.find(({ name }) => name === 'terraform')!;
const project = await toolProject(PACKAGES);
if (project === undefined) throw new Error('npm install failed: no registry');
const { directory } = project;
try {
  const providers = [await goProvider(), ...(await ownProviders())];
  await measureStarts(providers);
  await measureTerraform(providers);
} finally {
  await rm(directory, { recursive: true });
}

async function goProvider(): Promise<Provider> {
  const folder = join(directory, 'go');
  await run('go', ['install', GO_PROVIDER], { env: { ...process.env, GOBIN: folder, GOFLAGS: '-mod=mod' } });
  return {
    title: 'in Go (time)',
    source: 'hashicorp/time',
    file: join(folder, 'terraform-provider-time'),
    configuration: 'resource "time_static" "it" { rfc3339 = "2026-01-01T00:00:00Z" }',
  };
}

async function ownProviders(): Promise<readonly Provider[]> {
  const template = fileURLToPath(new URL('../../../packages/create/templates/terraform-provider', import.meta.url));
  await cp(template, join(directory, 'provider'), { recursive: true });
  for (const script of ['proto', 'build']) await project!.run('provider', 'npm', 'run', '-s', script);
  const call = ['--call', 'tfplugin6.Provider/GetProviderSchema'];
  const sea = ['build', 'src/plugin.ts', '-o', 'dist/sea', '--name', 'terraform-provider-acme', '--as', 'sea', ...call];
  await project!.run('provider', 'rxplug', ...sea);
  const configuration = `
    provider "acme" { folder = "\${path.module}/files" }
    resource "acme_file" "it" {
      path    = "a.txt"
      content = "a"
    }`;
  const made = [
    ['rxplug build, script', 'ship'],
    ['rxplug build, sea', 'sea'],
  ] as const;
  return Promise.all(
    made.map(async ([title, folder]) => {
      // Where its users have it, no package.json above it makes it an ES module.
      await cp(join(directory, 'provider/dist', folder), join(directory, folder), { recursive: true });
      const file = join(directory, folder, 'terraform-provider-acme');
      return { title, source: 'example.com/acme/acme', file, configuration };
    }),
  );
}

async function measureStarts(providers: readonly Provider[]): Promise<void> {
  const rows = new Map<string, number[]>([
    ['node -e 0', []],
    ...providers.map(({ title }) => [title, []] as [string, number[]]),
  ]);
  const env = {
    ...process.env,
    [cookieKey]: cookieValue,
    PLUGIN_PROTOCOL_VERSIONS: '5,6',
    PLUGIN_UNIX_SOCKET_DIR: join(directory, 't'),
  };
  for (let round = 0; round <= ROUNDS; round++) {
    const found: [string, number][] = [['node -e 0', await timed(process.execPath, ['-e', '0'], env, 'exit')]];
    for (const { title, file } of providers) found.push([title, await timed(file, [], env, 'line')]);
    // The first round warms the file cache.
    if (round > 0) for (const [title, ms] of found) rows.get(title)!.push(ms);
  }
  console.log(`\nSpawn to handshake line, ms (Node ${process.version}, medians of ${ROUNDS} rounds)\n`);
  console.log('| program | MB | median | × node -e 0 |\n| --- | --- | --- | --- |');
  const base = median(rows.get('node -e 0')!);
  for (const [title, values] of rows) {
    const file = providers.find((provider) => provider.title === title)?.file;
    const size = file === undefined ? '' : ((await stat(file)).size / 1e6).toFixed(1);
    console.log(`| ${title} | ${size} | ${median(values).toFixed(1)} | ${(median(values) / base).toFixed(2)} |`);
  }
}

/** Milliseconds until the process has ended, or has written its first line. */
async function timed(
  file: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  until: 'exit' | 'line',
): Promise<number> {
  const begin = performance.now();
  const child = spawn(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'] });
  const exit = once(child, 'exit');
  await (until === 'exit' ? exit : once(child.stdout, 'data'));
  const elapsedMs = performance.now() - begin;
  child.kill('SIGKILL');
  await exit;
  return elapsedMs;
}

async function measureTerraform(providers: readonly Provider[]): Promise<void> {
  const commands = [['providers', 'schema', '-json'], ['plan'], ['apply', '-auto-approve']] as const;
  const costs = new Map<string, Cost[]>();
  const terraforms = await Promise.all(providers.map(terraformWith));
  for (let round = 0; round <= ROUNDS; round++) {
    const nodes = await costOf('node -e 0; node -e 0; node -e 0');
    if (round > 0) costs.set(`plan|${NODES}`, [...(costs.get(`plan|${NODES}`) ?? []), nodes]);
    for (const [index, terraform] of terraforms.entries())
      for (const command of commands) {
        const key = `${command[0] === 'providers' ? 'schema' : command[0]}|${providers[index]!.title}`;
        const cost = await terraform(command);
        if (round > 0) costs.set(key, [...(costs.get(key) ?? []), cost]);
      }
  }
  console.log(`\nTerraform with the provider, ms (medians of ${ROUNDS} rounds)\n`);
  console.log(
    '| command | provider | wall | CPU | × wall of Go | × CPU of Go |\n| --- | --- | --- | --- | --- | --- |',
  );
  for (const [key, found] of [...costs].toSorted(([a], [b]) => a.split('|')[0]!.localeCompare(b.split('|')[0]!))) {
    const [command, title] = key.split('|') as [string, string];
    const base = costs.get(`${command}|${providers[0]!.title}`)!;
    const [wall, cpu] = [median(found.map(({ wallMs }) => wallMs)), median(found.map(({ cpuMs }) => cpuMs))];
    const ratios = [wall / median(base.map(({ wallMs }) => wallMs)), cpu / median(base.map(({ cpuMs }) => cpuMs))];
    console.log(
      `| ${command} | ${title} | ${wall.toFixed(0)} | ${cpu.toFixed(0)} | ${ratios.map((ratio) => ratio.toFixed(2)).join(' | ')} |`,
    );
  }
  const plan = (title: string): number => median(costs.get(`plan|${title}`)!.map(({ wallMs }) => wallMs));
  const [go, ...made] = providers.map(({ title }) => title);
  for (const title of made) {
    const ratio = plan(title) / plan(go!);
    console.log(
      `\nAim of ${title}: a plan takes ${ratio.toFixed(2)} × Go's of 2, ${ratio <= 2 ? 'reached' : 'not reached'}.`,
    );
  }
}

/** Terraform in a folder of its own, with nothing in its state. */
async function terraformWith({ title, source, file, configuration }: Provider) {
  const folder = join(directory, `with ${title}`);
  await mkdir(folder);
  const config = join(folder, 'cli.tfrc');
  const overrides = `dev_overrides { "${source}" = "${join(file, '..')}" }`;
  await writeFile(config, `provider_installation {\n  ${overrides}\n  direct {}\n}\n`);
  const name = source.slice(source.lastIndexOf('/') + 1);
  const required = `terraform {\n  required_providers { ${name} = { source = "${source}" } }\n}`;
  await writeFile(join(folder, 'main.tf'), `${required}\n${configuration}\n`);
  const env = { ...process.env, TF_CLI_CONFIG_FILE: config, CHECKPOINT_DISABLE: '1' };
  return async (args: readonly string[]): Promise<Cost> => {
    await rm(join(folder, 'terraform.tfstate'), { force: true });
    return costOf('terraform "$@" >/dev/null 2>&1 || exit 1', args, { cwd: folder, env });
  };
}

async function costOf(script: string, args: readonly string[] = [], options: ExecFileOptions = {}): Promise<Cost> {
  const begin = performance.now();
  // The shell knows the CPU time of all that has ended below it.
  const { stdout } = await run('sh', ['-c', `${script}; times`, 'sh', ...args], { ...options, encoding: 'utf8' });
  return { wallMs: performance.now() - begin, cpuMs: secondsOf(stdout.trim().split('\n')[1]!) * 1000 };
}

/** `0m1.20s 0m0.30s` → 1.5. */
function secondsOf(line: string): number {
  return [...line.matchAll(/(\d+)m([\d.]+)s/g)].reduce(
    (sum, [, minutes, seconds]) => sum + Number(minutes) * 60 + Number(seconds),
    0,
  );
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
