import type { Readable } from 'node:stream';
import { within } from './defer.js';

/** The text up to the first newline. The stream keeps flowing, as in a host. */
export async function firstLine(readable: Readable): Promise<string> {
  let seen = '';
  const line = new Promise<string>((resolve, reject) => {
    readable.on('data', (chunk: Buffer) => {
      seen += chunk.toString();
      if (seen.includes('\n')) resolve(seen.slice(0, seen.indexOf('\n')));
    });
    readable.once('end', () => reject(new Error(`the stream ended after ${JSON.stringify(seen)}`)));
  });
  return await within(20_000, 'a first line', line);
}
