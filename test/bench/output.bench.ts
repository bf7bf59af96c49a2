/** What a plugin prints and logs, on its way to the host, beside a bare pipe. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { firstValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { createClient } from '../../src/index.js';
import { type Contender, compare } from './harness.js';
import { touch } from './raw-bytes.js';

const peer = (name: string): [string, string] => [
  process.execPath,
  fileURLToPath(new URL(`peers/${name}.js`, import.meta.url)),
];

/** Counts what `begin` reports for as long as asked, after as long again for new processes to get warm, then ends it. */
function counting(begin: (add: (units: number) => void) => Promise<() => Promise<unknown>>): Contender {
  return async (durationMs) => {
    let units = 0;
    const end = await begin((more) => (units += more));
    await sleep(durationMs);
    units = 0;
    const started = performance.now();
    await sleep(durationMs);
    const rate = (units * 1000) / (performance.now() - started);
    await end();
    return rate;
  };
}

async function bare(
  name: string,
  stream: 'stdout' | 'stderr',
  onChunk: (chunk: Buffer) => void,
): Promise<() => Promise<unknown>> {
  const [file, program] = peer(name);
  const child = spawn(file, [program], { stdio: ['ignore', 'pipe', 'pipe'] });
  child[stream].on('data', onChunk);
  await once(child[stream], 'data');
  return async () => {
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
}

/** Counts a chunk in MB, and looks at it. */
function look(chunk: Uint8Array, add: (units: number) => void): void {
  touch(chunk);
  add(chunk.byteLength / 1e6);
}

await compare({
  title: 'Standard output of a plugin, in writes of 64 KiB',
  unit: 'MB/s',
  baseline: 'bare pipe',
  contenders: {
    'bare pipe': counting((add) => bare('prints-bare', 'stdout', (chunk) => look(chunk, add))),
    'client.syncStdout$': counting(async (add) => {
      const client = createClient({ command: peer('prints'), handshake, plugins });
      client.syncStdout$.subscribe((chunk) => look(chunk, add));
      await client.start();
      return () => client.stop();
    }),
  },
});

await compare({
  title: 'Log lines of 125 B',
  unit: 'lines/s',
  baseline: 'bare pipe, split and JSON.parse',
  contenders: {
    'bare pipe, split and JSON.parse': counting((add) => {
      let rest = '';
      return bare('logs', 'stderr', (chunk) => {
        const lines = (rest + chunk.toString()).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) if ((JSON.parse(line) as { '@level': string })['@level'] === 'info') add(1);
      });
    }),
    'client.logs$': counting(async (add) => {
      const client = createClient({ command: peer('logs'), handshake, plugins });
      const first = firstValueFrom(client.logs$);
      client.logs$.subscribe(() => add(1));
      const start = client.start().catch(() => {});
      await first;
      return async () => {
        await client.stop();
        await start;
      };
    }),
  },
});
