import assert from 'node:assert/strict';
import { firstValueFrom, type Observable } from 'rxjs';
import { GrpcError } from '../../src/protocols/grpc/shared/errors.js';

/** The GrpcError of a call. Fails the test if the call succeeds or fails with another error. */
export async function rejection(call: Promise<unknown> | Observable<unknown>): Promise<GrpcError> {
  const error = await ('then' in call ? call : firstValueFrom(call)).then(
    () => assert.fail('the call succeeded'),
    (reason: unknown) => reason,
  );
  if (!GrpcError.is(error)) throw error;
  return error;
}
