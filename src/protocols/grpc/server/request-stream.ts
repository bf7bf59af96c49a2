import { finished, Readable } from 'node:stream';
import { Observable } from 'rxjs';
import { GrpcError } from '../shared/errors.js';
import { status as Status } from '../shared/grpc-js.js';
import type { MessageReadable } from '../shared/service-definition.js';

/** The call whose requests are read. */
export interface RequestsCall {
  readonly path: string;
  /** Why it ended without an answer; undefined while it runs and after an answer. */
  readonly failure: GrpcError | undefined;
}

/**
 * The requests of a call as an Observable: reading begins with the first subscription, there can be only one, and unsubscribing
 * stops reading, so that the caller has to wait. Completes when the caller is done; errors with GrpcError when the call ends first.
 */
export function requestsOf<T>(requests: Readable, context: RequestsCall): Observable<T> {
  let taken = false;
  return new Observable<T>((subscriber) => {
    if (taken) return subscriber.error(twice(context));
    taken = true;
    const onData = (message: T): void => subscriber.next(message);
    const forget = onRequestsEnd(requests, context, (failure) => {
      if (failure === undefined) subscriber.complete();
      else subscriber.error(failure);
    });
    subscriber.add(() => {
      forget();
      requests.off('data', onData);
      requests.pause();
    });
    requests.on('data', onData);
  });
}

/**
 * The same as a Readable of its own, which may be left or destroyed without harm to the responses: in grpc-js the two directions
 * of a call share one Duplex.
 */
export function readableRequestsOf<T>(requests: Readable, context: RequestsCall): MessageReadable<T> {
  const pull = (): void => {
    const message: unknown = requests.read();
    if (message === null) requests.once('readable', pull);
    else readable.push(message);
  };
  const readable = new Readable({
    objectMode: true,
    highWaterMark: 1,
    read: pull,
    destroy(error, done) {
      forget();
      requests.off('readable', pull);
      done(error);
    },
  });
  const forget = onRequestsEnd(requests, context, (failure) => {
    if (failure === undefined) readable.push(null);
    else readable.destroy(failure);
  });
  return readable;
}

/** Says how the requests ended: undefined when the caller was done with them. Returns how to forget about it. */
function onRequestsEnd(
  requests: Readable,
  context: RequestsCall,
  done: (failure: GrpcError | undefined) => void,
): () => void {
  let turn: NodeJS.Immediate | undefined;
  const forget = finished(requests, { writable: false }, (error) => {
    if (error !== null && error !== undefined) return done(context.failure ?? cutOff(context, error));
    // A reset by the caller reaches grpc-js as a regular end first, and as a cancellation later in the same turn.
    turn = setImmediate(() => done(context.failure));
  });
  return () => {
    forget();
    clearImmediate(turn);
  };
}

function twice(context: RequestsCall): GrpcError {
  const detail = `The requests of ${context.path} can be subscribed to once: multicast them.`;
  return new GrpcError(Status.INTERNAL, detail);
}

function cutOff(context: RequestsCall, cause: Error): GrpcError {
  const detail = `The call of ${context.path} was over before all of its requests were read.`;
  return new GrpcError(Status.CANCELLED, detail, { cause });
}
