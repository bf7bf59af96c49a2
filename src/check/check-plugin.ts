import { concat, concatMap, defer, EMPTY, from, mergeMap, type Observable, type OperatorFunction } from 'rxjs';
import { errorMessage } from '../errors.js';
import { usingAsync } from '../streams/using-async.js';
import { selfSignedAuthority } from '../transports/tls/certificate.js';
import type { ProtocolName } from '../wire/handshake/handshake-line.js';
import { Bench } from './bench/bench.js';
import { bounded } from './bench/bounded.js';
import { explainFailedStart } from './failed-start.js';
import { selectItems } from './items/all.js';
import { type CheckItem, type Finding, unmet } from './items/item.js';
import { type CheckOptions, resolveCheckOptions } from './options.js';
import type { CheckOutcome, CheckResult } from './result.js';

/** Jobs that run at the same time; one of them may have two processes. */
const JOBS = 3;
/** Bound of one item, besides its starts. */
const ITEM_MS = 20_000;
/** Most starts that one item needs. */
const STARTS = 7;

/**
 * Checks whether a program is the plugin that hosts expect, item by item (`CHECK_ITEMS`). Cold: each subscription starts the plugin once
 * for most of the items, at most four at a time, emits the results in the order of the items, and completes when every process has
 * ended. Unsubscribing kills them. Items of the protocol that the plugin does not speak are left out.
 *
 * Errors with a PluginError when the program does not start as a plugin at all, and with OptionsError.
 *
 * @example
 * ```ts
 * const results = await lastValueFrom(checkPlugin({ command: ['./greeter'], handshake }).pipe(toArray()));
 * assert.deepEqual(results.filter(({ result }) => result === 'fail'), []);
 * ```
 */
export function checkPlugin(options: CheckOptions): Observable<CheckResult> {
  return defer(() => {
    const resolved = resolveCheckOptions(options);
    const items = selectItems(options.only, options.skip);
    return usingAsync({
      open: async (signal) => {
        const bench = new Bench(resolved, await selfSignedAuthority().issue());
        signal.addEventListener('abort', bench.close, { once: true });
        const protocol = await firstStart(bench);
        return { bench, items: items.filter((item) => (item.protocol ?? protocol) === protocol) };
      },
      use: ({ bench, items: wanted }) => resultsOf(bench, wanted),
      close: ({ bench }) => bench.close(),
    });
  });
}

/** The protocol of the plugin. Rejects when it cannot be started, or is none. */
async function firstStart(bench: Bench): Promise<ProtocolName> {
  try {
    await using launched = await bench.launch();
    return launched.plugin.protocol;
  } catch (error) {
    bench.close();
    throw await explainFailedStart(bench.options, error);
  }
}

function resultsOf(bench: Bench, items: readonly CheckItem[]): Observable<CheckResult> {
  const alone = items.filter(({ sharesLife }) => sharesLife !== true).map((item) => [item]);
  const together = items.filter(({ sharesLife }) => sharesLife === true);
  const check$ = (job: readonly CheckItem[]) => from(job).pipe(concatMap((item) => checkItem(bench, item)));
  const end$ = defer(() => bench.endShared()).pipe(concatMap(() => EMPTY));
  const result$ = from([together, ...alone]).pipe(mergeMap(check$, JOBS));
  return concat(result$.pipe(inOrderOf(items)), end$);
}

/** Holds results back until those before them have come. */
function inOrderOf(items: readonly CheckItem[]): OperatorFunction<CheckResult, CheckResult> {
  return (result$) =>
    defer(() => {
      const found = new Map<string, CheckResult>();
      let next = 0;
      return result$.pipe(
        mergeMap((result) => {
          found.set(result.id, result);
          const ready: CheckResult[] = [];
          for (let one = found.get(items[next]!.id); one !== undefined; one = found.get(items[++next]?.id ?? ''))
            ready.push(one);
          return ready;
        }),
      );
    });
}

async function checkItem(bench: Bench, item: CheckItem): Promise<CheckResult> {
  const begin = performance.now();
  const { is, got } = await findingOf(bench, item);
  const { id, level, title, expected, doc } = item;
  const ms = Math.round(performance.now() - begin);
  return { id, level, title, result: outcomeOf(item, is), expected, got, ms, doc };
}

async function findingOf(bench: Bench, item: CheckItem): Promise<Finding> {
  try {
    return await bounded(ITEM_MS + STARTS * bench.options.startTimeoutMs, 'result', item.run(bench));
  } catch (error) {
    return unmet(errorMessage(error));
  }
}

function outcomeOf({ level }: CheckItem, is: Finding['is']): CheckOutcome {
  if (is === 'met') return 'pass';
  if (is === 'skipped') return 'skip';
  return level === 'MUST' ? 'fail' : 'warn';
}
