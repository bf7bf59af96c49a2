import type { sendUnaryData } from '@grpc/grpc-js';
import { isObservable, type Observable, Subject, takeUntil } from 'rxjs';
import { isPromiseLike } from '../../../streams/is-promise-like.js';
import { GrpcError } from '../shared/errors.js';
import { type Metadata, status as Status } from '../shared/grpc-js.js';
import type { ServerCallContext } from './call-context.js';
import type { Codec } from './service-codec.js';

/** What becomes of a call that owes one response. */
class Answer {
  readonly #context: ServerCallContext;
  readonly #codec: Codec;
  readonly #callback: sendUnaryData<unknown>;

  constructor(context: ServerCallContext, codec: Codec, callback: sendUnaryData<unknown>) {
    this.#context = context;
    this.#codec = codec;
    this.#callback = callback;
  }

  succeed(message: unknown): void {
    if (!this.#context.open) return;
    let trailers: Metadata | undefined;
    try {
      this.#codec.measure(message);
      trailers = this.#context.trailersWith();
    } catch (thrown) {
      return this.fail(thrown);
    }
    this.#context.answered();
    this.#callback(null, message, trailers);
  }

  fail(thrown: unknown): void {
    if (!this.#context.open) return;
    this.#context.answered();
    this.#callback(this.#context.statusOf(thrown));
  }
}

/** Answers a call with the one response that a handler gave (a value, a Promise or an Observable), or with a status. */
export function answerOnce(
  run: () => unknown,
  context: ServerCallContext,
  codec: Codec,
  callback: sendUnaryData<unknown>,
): void {
  const answer = new Answer(context, codec, callback);
  try {
    settle(run(), context, answer);
  } catch (thrown) {
    answer.fail(thrown);
  }
}

function settle(result: unknown, context: ServerCallContext, answer: Answer): void {
  if (isObservable(result)) takeOne(result, context, answer);
  else if (isPromiseLike(result)) {
    result.then(
      (message) => answer.succeed(message),
      (thrown) => answer.fail(thrown),
    );
  } else answer.succeed(result);
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
    error: (thrown) => answer.fail(thrown),
    complete: () => {
      if (values.length === 1) answer.succeed(values[0]);
      else answer.fail(wrongCount(context, 'no response'));
    },
  });
}

function wrongCount(context: ServerCallContext, what: string): GrpcError {
  return new GrpcError(Status.INTERNAL, `The handler of ${context.path} emitted ${what}: exactly one is due.`);
}
