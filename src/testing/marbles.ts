import assert from 'node:assert/strict';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';

/** How strictly subscriptions are looked at. */
export interface MarblesOptions {
  /**
   * `asserted`: every source made with `cold` or `hot` has to have its subscriptions compared by `expectSubscriptions`, so that no
   * test overlooks a source that is subscribed to twice, or never left. `unchecked`: as with a bare TestScheduler. @default 'unchecked'
   */
  readonly subscriptions?: 'asserted' | 'unchecked';
}

/**
 * Runs a body in virtual time, with the helpers of `TestScheduler.run`. What it expects is compared deeply; a difference throws the
 * AssertionError of node:assert, which every test runner understands.
 */
export function marbles(body: (helpers: RunHelpers) => void, options: MarblesOptions = {}): void {
  const scheduler = new TestScheduler((actual, expected) => assert.deepEqual(actual, expected));
  if (options.subscriptions !== 'asserted') {
    scheduler.run(body);
    return;
  }
  const unasserted = new Map<unknown, string>();
  scheduler.run((helpers) => body(watched(helpers, unasserted)));
  if (unasserted.size === 0) return;
  const diagrams = [...unasserted.values()].map((diagram) => `"${diagram}"`).join(', ');
  throw new assert.AssertionError({
    message: `Nothing is said of the subscriptions to ${diagrams}. Expected expectSubscriptions(source.subscriptions).toBe(…) for each.`,
  });
}

/** The helpers, keeping in `unasserted` the sources whose subscriptions nobody has compared yet. */
function watched(helpers: RunHelpers, unasserted: Map<unknown, string>): RunHelpers {
  const noted = <S extends { readonly subscriptions: unknown }>(source: S, diagram: string): S => {
    unasserted.set(source.subscriptions, diagram);
    return source;
  };
  return {
    ...helpers,
    cold: (diagram, values, error) => noted(helpers.cold(diagram, values, error), diagram),
    hot: (diagram, values, error) => noted(helpers.hot(diagram, values, error), diagram),
    expectSubscriptions: (logs) => {
      unasserted.delete(logs);
      return helpers.expectSubscriptions(logs);
    },
  };
}
