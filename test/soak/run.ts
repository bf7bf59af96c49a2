/**
 * Many mixed calls between two processes, and what they leave behind; then calls that are cancelled as fast as they are made, for two
 * minutes a pair of ends; then ten thousand reloads of a supervised plugin: `npm run soak [calls] [reloads]`.
 */
import { PAIRS } from './fast-cancelling.js';
import { type Held, soak } from './mixed-calls.js';
import { type Open, reloads } from './reloads.js';

const calls = Number(process.argv[2] ?? 200_000);
const count = Number(process.argv[3] ?? 10_000);

function row(name: string, { before, after }: Held): string {
  const mib = (bytes: number) => (bytes / 2 ** 20).toFixed(1);
  return `| ${name} | ${mib(before.heap)} | ${mib(after.heap)} | ${mib(before.rss)} | ${mib(after.rss)} |`;
}

for (const grpcEngine of ['native', 'grpc-js'] as const) {
  for (const autoMtls of [false, true]) {
    const { seconds, host, plugin } = await soak({ calls, grpcEngine, autoMtls });
    const name = `${grpcEngine}${autoMtls ? ', AutoMTLS' : ''}`;
    console.log(
      `\nNode ${process.version}, ${name}: ${calls} calls in ${seconds.toFixed(1)} s; MiB after a fifth, and at the end\n`,
    );
    console.log('| process | heap | heap | resident | resident |\n| --- | --- | --- | --- | --- |');
    console.log(row('host', host));
    console.log(row('plugin', plugin));
  }
}

for (const [name, run] of Object.entries(PAIRS)) {
  const answered = await run(120_000);
  console.log(
    `\n${name}: ${answered} calls ended well beside 64 that were cancelled as fast as they were made, all the time`,
  );
}

function opened({ descriptors, resources, memory }: Open): string {
  return `${descriptors} descriptors, ${resources} resources, ${(memory.heap / 2 ** 20).toFixed(1)} MiB of heap`;
}

const { before, after, calls: answered, seconds } = await reloads(count);
console.log(
  `\n${count} reloads under ${answered} calls in ${seconds.toFixed(0)} s, none of which failed. After a tenth: ${opened(before)}; at the end: ${opened(after)}`,
);
