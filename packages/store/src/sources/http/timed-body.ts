import { Readable } from 'node:stream';
import { StoreError } from '../../errors.js';
import { shown } from './address.js';
import { networkFailure, WaitError } from './failure.js';

/** A peer that sends less than this before the wait ends is taken for stalled. */
const MIN_BYTES_PER_WAIT = 1024;

/**
 * The body of an answer, which fails when the peer stalls or is gone. The clock runs only while the reader wants more. Destroying it
 * destroys the body.
 */
export function timedBody(body: Readable, url: URL, stallTimeoutMs: number): Readable {
  let sinceWait = 0;
  let clock: NodeJS.Timeout | undefined;
  const out = new Readable({
    read() {
      clock ??= setTimeout(stalled, stallTimeoutMs);
      body.resume();
    },
    destroy(error, done) {
      rest();
      body.destroy();
      done(error);
    },
  });
  const rest = (): void => {
    clearTimeout(clock);
    clock = undefined;
    sinceWait = 0;
  };
  const stalled = (): void => void out.destroy(stall(url, stallTimeoutMs));
  body.pause();
  body.on('data', (chunk: Buffer) => {
    sinceWait += chunk.length;
    if (sinceWait >= MIN_BYTES_PER_WAIT) {
      clock?.refresh();
      sinceWait = 0;
    }
    if (out.push(chunk)) return;
    rest();
    body.pause();
  });
  body.once('end', () => {
    rest();
    out.push(null);
  });
  body.once('error', (error) => out.destroy(networkFailure(url, 'GET', error)));
  // A body that is closed early without an error.
  body.once('close', () => body.readableEnded || out.destroyed || out.destroy(cutOff(url)));
  return out;
}

function stall(url: URL, waitedMs: number): StoreError {
  const message = `${shown(url)} has stalled: less than ${MIN_BYTES_PER_WAIT} bytes came in ${waitedMs} ms. Try again later.`;
  return new StoreError('ERR_SOURCE', message, { cause: new WaitError('The body has stalled.') });
}

function cutOff(url: URL): StoreError {
  const message = `The connection was lost before the end of ${shown(url)}. Try again later.`;
  return new StoreError('ERR_SOURCE', message, { cause: new WaitError('The body has ended early.') });
}
