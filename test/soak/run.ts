/**
 * Many mixed calls between two processes, and what they leave behind; then calls that are cancelled as fast as they are made, for two
 * minutes a pair of ends: `npm run soak [calls]`.
 */
import { PAIRS } from './fast-cancelling.js';
import { type Held, soak } from './mixed-calls.js';

const calls = Number(process.argv[2] ?? 200_000);

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
