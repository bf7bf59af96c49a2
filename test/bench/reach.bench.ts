/**
 * A plugin in a sandbox, in a sidecar, behind a relay and at an endpoint, beside the same plugin as a child process: how long a start takes
 * until the first answer, what a call costs, and how many bytes go through. A carrier or program that is not here has no row.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { type ClientOptions, createClient } from 'rxplug';
import { relayRunner } from 'rxplug/relay';
import { sandboxRunner } from 'rxplug/sandbox';
import { plugins as both, handshake } from '../../examples/grpc-kv/contract.js';
import { startCli } from '../cli/run-cli.js';
import { RELAY_FILE } from '../support/relay-file.js';
import { needsBwrap, OWN_FILES } from '../support/sandbox.js';
import { type Contender, compareAll, throughput } from './harness.js';
import { makeIdentities, tlsOf } from './identities.js';
import { startJob } from './job.js';

const ROUNDS = Number(process.env['BENCH_ROUNDS'] ?? 5);
const MEBIBYTE = 1 << 20;
const LOCAL = 'child process';

const plugins = { kv: both.kv };
type Options = ClientOptions<typeof plugins>;
const program = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const command = [process.execPath, program('../../examples/grpc-kv/plugin.js')] as const;
const ownTls = { handshake, plugins, autoMtls: true };

const directory = mkdtempSync(join(tmpdir(), 'b-'));
const { magicCookieKey, magicCookieValue } = handshake;
const cookie = `${magicCookieKey}=${magicCookieValue}`;
const sidecarFlags = ['sidecar', '--dir', directory, '--name', 'kv', '--cookie', cookie, '--', ...command];
await using _sidecar = startCli(sidecarFlags);
await using identities = await makeIdentities();
await using endpoint = await startJob([process.execPath, program('./peers/kv-endpoint.js'), identities.server]);

const ways: Record<string, Options> = {
  [LOCAL]: { command, handshake, plugins },
  'the same with AutoMTLS': { command, ...ownTls },
  ...(needsBwrap().skip === false
    ? { sandbox: { runner: sandboxRunner({ command, readOnly: OWN_FILES }), handshake, plugins } }
    : {}),
  'sidecar, which runs already': { sidecar: { directory, name: 'kv' }, handshake, plugins },
  'relay, carried by node': relayed([process.execPath]),
  ...(hasSsh()
    ? { 'relay, carried by ssh': relayed(['ssh', '-o', 'BatchMode=yes', 'localhost', process.execPath]) }
    : {}),
  'endpoint on loopback with mutual TLS, which runs already': {
    endpoint: { address: endpoint.firstLine, tls: tlsOf(identities.client) },
    plugins,
  },
};

function relayed(carrier: readonly [string, ...string[]]): Options {
  return { runner: relayRunner({ carrier, relay: [RELAY_FILE], command }), handshake, plugins };
}

function hasSsh(): boolean {
  try {
    execFileSync('ssh', ['-o', 'BatchMode=yes', '-o', 'ConnectTimeout=2', 'localhost', 'true'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1]!;

/** In turns, so that a disturbance of the machine meets all of them. */
async function starts(): Promise<void> {
  const results = new Map<string, number[]>(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round <= ROUNDS; round++)
    for (const [name, options] of Object.entries(ways)) {
      const elapsedMs = await firstAnswer(options);
      // The first finds nothing in the caches of the system.
      if (round > 0) results.get(name)!.push(elapsedMs);
    }
  const base = median(results.get(LOCAL)!);
  console.log(`\nstart() to first answer (ms, median of ${ROUNDS} rounds in turns):\n`);
  console.log(`| plugin | median | lowest – highest | × ${LOCAL} |\n| --- | --- | --- | --- |`);
  for (const [name, values] of results) {
    const spread = `${Math.min(...values).toFixed(0)} – ${Math.max(...values).toFixed(0)}`;
    console.log(`| ${name} | ${median(values).toFixed(0)} | ${spread} | ${(median(values) / base).toFixed(2)} |`);
  }
}

async function firstAnswer(options: Options): Promise<number> {
  const begin = performance.now();
  await using client = createClient(options);
  await client.start();
  const kv = await client.dispense('kv');
  await firstValueFrom(kv.put({ key: 'k', value: new Uint8Array(1) }));
  return performance.now() - begin;
}

async function calls(): Promise<void> {
  const clients = await Promise.all(
    Object.entries(ways).map(async ([name, options]) => [name, createClient(options)] as const),
  );
  const single: Record<string, Contender> = {};
  const many: Record<string, Contender> = {};
  const bytes: Record<string, Contender> = {};
  for (const [name, client] of clients) {
    await client.start();
    const kv = await client.dispense('kv');
    await firstValueFrom(kv.put({ key: 'small', value: new Uint8Array(100) }));
    await firstValueFrom(kv.put({ key: 'large', value: new Uint8Array(MEBIBYTE) }));
    const get = (key: string) => () => firstValueFrom(kv.get({ key }));
    single[name] = async (ms) => {
      const rate = await throughput(1, get('small'))(ms);
      return { rate, details: { µs: 1e6 / rate } };
    };
    many[name] = throughput(64, get('small'));
    bytes[name] = throughput(4, get('large'));
  }
  await compareAll({
    title: 'Calls of 100 B, and of 1 MiB with 4 in flight, which is MiB/s',
    unit: 'calls/s',
    baseline: LOCAL,
    columns: { '1 in flight': single, '64 in flight': many, '1 MiB': bytes },
    details: [['1 in flight', 'µs']],
  });
  for (const [, client] of clients) await client.stop();
}

await starts();
await calls();
rmSync(directory, { recursive: true, force: true });
