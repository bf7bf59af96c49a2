/** Writes hclog lines of 125 bytes to its standard error as fast as they are read, and never shakes hands. */
import { writeSync } from 'node:fs';

const line = `{"@level":"info","@message":"stored a value","@module":"kv","@timestamp":"2026-01-02T03:04:05.123456Z","key":"k","bytes":100}\n`;
const block = Buffer.from(line.repeat(500));
for (;;) {
  try {
    for (let written = 0; written < block.byteLength; ) written += writeSync(2, block, written);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') process.exit(0);
  }
}
