import assert from 'node:assert/strict';
import { firstValueFrom, type Observable } from 'rxjs';
import { GrpcError } from '../../src/protocols/grpc/shared/errors.js';

/** The GrpcError with which a call fails; a call that succeeds, or fails otherwise, fails the test. */
export async function rejection(call: Promise<unknown> | Observable<unknown>): Promise<GrpcError> {
  const error = await ('then' in call ? call : firstValueFrom(call)).then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (!GrpcError.is(error)) throw error;
  return error;
}
