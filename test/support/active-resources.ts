import assert from 'node:assert/strict';

const SETTLE_TIMEOUT_MS = 5_000;

/** What Node is in the middle of, and done with on its next turns. */
const PASSING = new Set(['CloseReq', 'Immediate', 'TickObject', 'FSReqCallback', 'FSReqPromise', 'ShutdownWrap']);

/**
 * Remembers what keeps the event loop alive now, and returns a function that asserts that nothing else does any more. What is being
 * closed gets a few turns to be gone.
 */
export function watchResources(): () => Promise<void> {
  const atFirst = resources();
  return async () => {
    const deadline = performance.now() + SETTLE_TIMEOUT_MS;
    while (resources().length > atFirst.length && performance.now() < deadline)
      await new Promise((resolve) => setImmediate(resolve));
    assert.deepEqual(resources(), atFirst);
  };
}

function resources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((name) => !PASSING.has(name))
    .sort();
}
