import { CallFailure } from '../driver.js';

/** The failure of a call that has to fail. */
export async function failureOf(call: Promise<unknown>): Promise<CallFailure> {
  try {
    await call;
  } catch (error) {
    if (error instanceof CallFailure) return error;
    throw error;
  }
  throw new Error('Expected the call to fail, but it succeeded.');
}
