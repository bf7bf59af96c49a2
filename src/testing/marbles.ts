import assert from 'node:assert/strict';
import { type RunHelpers, TestScheduler } from 'rxjs/testing';
import { checkOptions } from '../wire/option-names.js';

/** How strictly subscriptions are checked. */
export interface MarblesOptions {
  /**
   * `asserted`: fails unless `expectSubscriptions` was called for each source made with `cold` or `hot`, so that a source which is
   * subscribed to twice, or never unsubscribed from, is noticed. `unchecked`: as TestScheduler does. @default 'unchecked'
   */
  readonly subscriptions?: 'asserted' | 'unchecked';
}

/**
 * Runs a body in virtual time, with the helpers of rxjs's `TestScheduler.run`. Expectations are compared deeply; a difference throws the
 * AssertionError of node:assert, so that every test runner reports it.
 *
 * @example
 * ```ts
 * marbles(({ cold, expectObservable }) => {
 *   expectObservable(cold('-a-b|').pipe(take(1))).toBe('-(a|)');
 * });
 * ```
 */
export function marbles(body: (helpers: RunHelpers) => void, options: MarblesOptions = {}): void {
  checkOptions('marbles', options, ['subscriptions']);
  const scheduler = new TestScheduler((actual, expected) => assert.deepEqual(actual, expected));
  if (options.subscriptions !== 'asserted') {
    scheduler.run(body);
    return;
  }
  const unasserted = new Map<unknown, string>();
  scheduler.run((helpers) => body(tracked(helpers, unasserted)));
  if (unasserted.size === 0) return;
  const diagrams = [...unasserted.values()].map((diagram) => `"${diagram}"`).join(', ');
  throw new assert.AssertionError({
    message: `The subscriptions to ${diagrams} were not checked. Expected expectSubscriptions(source.subscriptions).toBe(…) for each.`,
  });
}

/** The helpers; `unasserted` keeps the sources whose subscriptions were not compared yet. */
function tracked(helpers: RunHelpers, unasserted: Map<unknown, string>): RunHelpers {
  const track = <S extends { readonly subscriptions: unknown }>(source: S, diagram: string): S => {
    unasserted.set(source.subscriptions, diagram);
    return source;
  };
  return {
    ...helpers,
    cold: (diagram, values, error) => track(helpers.cold(diagram, values, error), diagram),
    hot: (diagram, values, error) => track(helpers.hot(diagram, values, error), diagram),
    expectSubscriptions: (logs) => {
      unasserted.delete(logs);
      return helpers.expectSubscriptions(logs);
    },
  };
}
