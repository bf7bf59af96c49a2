import { type Metadata, status as Status, type sendUnaryData } from '@grpc/grpc-js';
import { isObservable, type Observable, Subject, takeUntil } from 'rxjs';
import type { ServerCallContext } from './call-context.js';
import { GrpcError } from './errors.js';
import type { ResponseCodec } from './service-codec.js';

interface Answer {
  readonly succeed: (message: unknown) => void;
  readonly fail: (thrown: unknown) => void;
}

/** Runs a handler that owes one response (a value, a Promise or an Observable) and answers the call with it or with a status. */
export function answerOnce(
  run: () => unknown,
  context: ServerCallContext,
  codec: ResponseCodec,
  callback: sendUnaryData<unknown>,
): void {
  const answer: Answer = {
    succeed: (message) => {
      if (!context.open) return;
      let trailers: Metadata;
      try {
        codec.measure(message);
        trailers = context.trailersWith();
      } catch (thrown) {
        return answer.fail(thrown);
      }
      context.answered();
      callback(null, message, trailers);
    },
    fail: (thrown) => {
      if (!context.open) return;
      context.answered();
      callback(context.statusOf(thrown));
    },
  };
  try {
    settle(run(), context, answer);
  } catch (thrown) {
    answer.fail(thrown);
  }
}

function settle(result: unknown, context: ServerCallContext, answer: Answer): void {
  if (isObservable(result)) takeOne(result, context, answer);
  else if (isPromiseLike(result)) result.then(answer.succeed, answer.fail);
  else answer.succeed(result);
}

function takeOne(source$: Observable<unknown>, context: ServerCallContext, answer: Answer): void {
  if (!context.open) return;
  const stop$ = new Subject<void>();
  context.onEnd(() => stop$.next());
  const values: unknown[] = [];
  source$.pipe(takeUntil(stop$)).subscribe({
    next: (value) => {
      values.push(value);
      if (values.length === 1) return;
      answer.fail(wrongCount(context, 'more than one response'));
      stop$.next();
    },
    error: answer.fail,
    complete: () => {
      if (values.length === 1) answer.succeed(values[0]);
      else answer.fail(wrongCount(context, 'no response'));
    },
  });
}

function wrongCount(context: ServerCallContext, what: string): GrpcError {
  return new GrpcError(Status.INTERNAL, `The handler of ${context.path} emitted ${what}: exactly one is due.`);
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function';
}
