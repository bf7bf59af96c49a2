import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import type { ClientMethod } from './client-method.js';
import type { CallOptions, MessageReadable } from './service-definition.js';
import { TypedCall } from './typed-call.js';

/** Decoded messages that wait in a Readable, besides the bytes in the stream's window. */
const READ_AHEAD_MESSAGES = 16;

/**
 * One call of any kind, cold: subscribing makes it, unsubscribing cancels it. `request` is a message, or for a method with a request
 * stream the stream. Errors with GrpcError, whatever failed. Responses come as fast as the wire brings them.
 */
export function observeCall(method: ClientMethod, request: unknown, options: CallOptions = {}): Observable<unknown> {
  return new Observable((subscriber) => {
    const call = new TypedCall(method, options, subscriber);
    subscriber.add(() => call.stop());
    call.start(request);
  });
}

/**
 * A call whose responses are read at the reader's pace: what is not read stays with the sender, but for 16 messages and the stream's
 * window. Makes the call at once. Destroying it cancels. Errors with GrpcError, after all messages that came before the failure.
 */
export function readableCall(
  method: ClientMethod,
  request: unknown,
  options: CallOptions = {},
): MessageReadable<unknown> {
  const unread: unknown[] = [];
  let wanted = false;
  let end: (() => void) | undefined;
  // A Readable forgets what it holds when it is destroyed with an error, so it holds one message and the rest waits here.
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 1,
    read() {
      wanted = true;
      pass();
    },
    destroy(error, done) {
      call.stop();
      done(error);
    },
  });
  const pass = (): void => {
    if (!wanted || (unread.length === 0 && end === undefined)) return;
    wanted = false;
    if (unread.length === 0) return end?.();
    call.request(1);
    readable.push(unread.shift());
  };
  const finish = (how: () => void): void => {
    end = how;
    pass();
  };
  const call = new TypedCall(method, options, {
    get closed() {
      return readable.destroyed;
    },
    next: (message) => {
      unread.push(message);
      pass();
    },
    // In a later turn: `read` asks for more before it hands out what it has.
    error: (error) => finish(() => process.nextTick(() => readable.destroy(error))),
    complete: () => finish(() => readable.push(null)),
  });
  call.start(request, READ_AHEAD_MESSAGES);
  return readable;
}
