/** gob beside JSON and protobuf, encoding and decoding the same values in memory. */
import { fileURLToPath } from 'node:url';
import { type Contender, compareAll } from './harness.js';
import { type Job, order, startJob } from './job.js';
import { VALUES } from './peers/gob-values.js';

const program = fileURLToPath(new URL('./peers/gob-codec.js', import.meta.url));
const start = (format: string): Promise<Job> => startJob([process.execPath, program, format]);
await using json = await start('JSON');
await using protobuf = await start('protobuf');
await using gob = await start('gob');
await using untyped = await start('gob');

function contender(job: Job, what: string, value: number): Contender {
  return async (durationMs) => {
    const { done, seconds } = await order(job, what, value, 0, durationMs);
    return done / seconds;
  };
}

async function table(title: string, rows: Readonly<Record<string, readonly [Job, string]>>): Promise<void> {
  const columns = Object.keys(VALUES).map((heading, value) => {
    const contenders = Object.entries(rows).map(([name, [job, what]]) => [name, contender(job, what, value)] as const);
    return [heading, Object.fromEntries(contenders)] as const;
  });
  await compareAll({ title, unit: 'values/s', baseline: 'JSON', columns: Object.fromEntries(columns) });
}

await table('Encoding in memory', { JSON: [json, 'encode'], protobuf: [protobuf, 'encode'], gob: [gob, 'encode'] });
await table('Decoding in memory', {
  JSON: [json, 'decode'],
  protobuf: [protobuf, 'decode'],
  gob: [gob, 'decode'],
  'gob without a schema': [untyped, 'untyped'],
});
