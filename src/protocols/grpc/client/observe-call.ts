import { Readable } from 'node:stream';
import { Observable } from 'rxjs';
import type { CallOptions, MessageReadable } from '../shared/service-definition.js';
import type { ClientMethod } from './client-method.js';
import { PacedResponses } from './paced-responses.js';
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
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 1,
    read: () => responses.want(),
    destroy(error, done) {
      call.stop();
      done(error);
    },
  });
  const responses = new PacedResponses(readable, () => call.request(1));
  const call = new TypedCall(method, options, responses);
  call.start(request, READ_AHEAD_MESSAGES);
  return readable;
}
