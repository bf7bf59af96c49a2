import assert from 'node:assert/strict';

const SETTLE_TIMEOUT_MS = 5_000;

/** Requests of Node itself, which end within its next turns. */
const PASSING = new Set(['CloseReq', 'Immediate', 'TickObject', 'FSReqCallback', 'FSReqPromise', 'ShutdownWrap']);

/**
 * Records what keeps the event loop alive now, and returns a function that asserts that nothing else does. Resources that are
 * being closed get a few turns to end.
 */
export function watchResources(): () => Promise<void> {
  const atFirst = resources();
  return async () => {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    while (added(atFirst).length > 0 && performance.now() < deadline)
      await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(added(atFirst), [], 'still keeps the event loop alive');
  };
}

function added(before: readonly string[]): string[] {
  const known = [...before];
  return resources().filter((name) => {
    const at = known.indexOf(name);
    if (at >= 0) known.splice(at, 1);
    return at < 0;
  });
}

function resources(): string[] {
  return process.getActiveResourcesInfo().filter((name) => !PASSING.has(name));
}
