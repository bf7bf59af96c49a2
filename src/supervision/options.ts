import { asyncScheduler, isObservable, type Observable, type SchedulerLike } from 'rxjs';
import { OptionsError } from '../errors.js';
import type { ClientOptions } from '../host/options.js';
import type { PluginClient } from '../host/plugin-client.js';
import type { PluginSet } from '../protocols/contract.js';
import { type BackoffOptions, backoffWaitMs, resolveBackoff } from '../streams/backoff.js';
import { MAX_TIMER_MS, resolveDuration } from '../wire/duration.js';
import { describeValue } from '../wire/option-names.js';
import type { ReplayOption } from './calls/replay.js';
import type { PoolSize, RouterOption } from './calls/router.js';
import { type LimitOptions, type RecycleOptions, SAMPLE_MS } from './recycling.js';
import type { RestartPolicy } from './reducer.js';

/** How a plugin is supervised. Everything is optional. */
export interface SupervisionOptions<P extends PluginSet = PluginSet> {
  /**
   * `eager` starts it once the turn that called `supervise` has ended, `lazy` with the first call or `ready()`. @default 'eager'
   */
  readonly start?: 'eager' | 'lazy';
  /**
   * After which ends it is started again. With `on-failure` an exit with code 0 counts as wanted: the state is `idle` then. @default
   * 'always'
   */
  readonly restart?: 'always' | 'on-failure' | 'never';
  /** The waits between restarts; the first restart comes at once. @default 100 ms to 30 s, shorter by up to half at random, and again from 100 ms after a minute of serving */
  readonly backoff?: Partial<BackoffOptions>;
  /** Most unwanted ends within a sliding time. One more, and the state is `failed`. @default 5 within 60 000 ms */
  readonly intensity?: { readonly max: number; readonly withinMs: number };
  /** How long after `failed` it is started again. @default never: `reset()` or `reload()` does */
  readonly cooldownMs?: number;
  /** Options that differ from generation to generation, laid over the others: a new file, its checksum, other arguments. */
  readonly generation?: (generation: number) => Partial<ClientOptions> | Promise<Partial<ClientOptions>>;
  /** Part of each start: sets the plugin up before anybody calls it. When it rejects, or takes longer than `startTimeoutMs`, the start has failed. */
  readonly onStart?: (client: PluginClient<P>, generation: number) => unknown;
  /** What becomes of calls that come while nothing serves: they wait, for at most `limitMs`, or fail. @default wait, 10 000 ms */
  readonly whenDown?: { readonly policy?: 'wait' | 'fail'; readonly limitMs?: number };
  /** Which interrupted calls are made again. @default 'unsent' */
  readonly replay?: ReplayOption;
  /** Asks the plugin whether it is well; false: only the end of the process counts. @default as `HealthOptions`; false for a plugin with `--inspect`, `--inspect-brk` or `--inspect-wait` */
  readonly health?: HealthOptions | false;
  /** How long nobody may have a call open before it is stopped, until the next call. @default never */
  readonly idleStopMs?: number;
  /** After what a generation is replaced by a new one, without a failed call. @default never */
  readonly recycle?: RecycleOptions;
  /** What a generation may use; it is killed and started again when it uses more. @default no limit */
  readonly limits?: LimitOptions;
  /**
   * How many processes serve beside each other: a pool, for a plugin that keeps nothing between calls. Each is started again by itself;
   * `intensity` counts the stops of all. @default 1
   */
  readonly size?: number | PoolSize;
  /** Which process of a pool a call goes to. @default 'least-calls' */
  readonly router?: RouterOption;
  /** How often memory is looked at. @default 5000 ms */
  readonly sampleMs?: number;
  /** Each emission is a `reload()`, unless the plugin is `idle`: `fileChanges('./kv-plugin')`. Subscribed to as long as the plugin is supervised. */
  readonly reloadOn?: Observable<unknown>;
  /** How a generation is replaced. */
  readonly reload?: ReloadOptions;
}

/** How a generation is asked for its health. */
export interface HealthOptions {
  /** How often, if the connection is silent: any answer of the plugin counts as one. @default 10 000 ms */
  readonly intervalMs?: number;
  /** How long an answer may take. @default 5000 ms */
  readonly timeoutMs?: number;
  /** How many checks in a row must fail before it is killed and started again. The first is announced as `unresponsive`. @default 3 */
  readonly failures?: number;
  /** The service that is asked for, of gRPC's health protocol. @default 'plugin' */
  readonly service?: string;
  /** Watches the service beside the checks, so that NOT_SERVING is known at once. @default true */
  readonly watch?: boolean;
  /** After NOT_SERVING: `hold` makes calls wait, and starts it again after a minute; `restart` does so at once. @default 'hold' */
  readonly notServing?: 'hold' | 'restart' | 'ignore';
}

/** How a generation is replaced by the next. */
export interface ReloadOptions {
  /** `overlap` starts the new one while the old one serves; `stop-first` is for plugins that hold a lock or a port. @default 'overlap' */
  readonly mode?: 'overlap' | 'stop-first';
  /** How long the open calls of the old one may go on. Then they fail with UNAVAILABLE. @default 30 000 ms */
  readonly drainMs?: number;
}

/** The options of supervision, validated and complete. */
export interface ResolvedSupervision {
  readonly start: 'eager' | 'lazy';
  readonly policy: RestartPolicy;
  readonly cooldownMs: number | undefined;
  readonly generation: NonNullable<SupervisionOptions['generation']>;
  readonly onStart: ((client: PluginClient, generation: number) => unknown) | undefined;
  readonly whenDown: { readonly policy: 'wait' | 'fail'; readonly limitMs: number };
  readonly replay: ReplayOption;
  readonly health: Required<HealthOptions> | undefined;
  readonly idleStopMs: number | undefined;
  readonly recycle: RecycleOptions | undefined;
  readonly limits: LimitOptions | undefined;
  readonly pool: Required<PoolSize>;
  readonly router: RouterOption;
  readonly sampleMs: number;
  readonly reloadOn: Observable<unknown> | undefined;
  readonly drainMs: number;
  readonly scheduler: SchedulerLike;
}

export const DEFAULT_SUPERVISION = Object.freeze({
  backoff: Object.freeze({ initialMs: 100, maxMs: 30_000, resetAfterMs: 60_000 }),
  intensity: Object.freeze({ max: 5, withinMs: 60_000 }),
  limitMs: 10_000,
  drainMs: 30_000,
  pool: Object.freeze({ min: 1, max: 1, scaleUpAtCalls: 32, scaleDownAfterMs: 60_000 }),
  health: Object.freeze({
    intervalMs: 10_000,
    timeoutMs: 5000,
    failures: 3,
    service: 'plugin',
    watch: true,
    notServing: 'hold',
  } as const),
});

/** Validates once and fills in the defaults. Throws OptionsError. */
export function resolveSupervision<P extends PluginSet>(
  options: SupervisionOptions<P>,
  client: ClientOptions<P>,
): ResolvedSupervision {
  const mode = oneOf('reload.mode', options.reload?.mode, ['overlap', 'stop-first']);
  if (client.outlivesHost === true)
    throw new OptionsError(
      'Expected no `supervision` beside `outlivesHost`: a supervised plugin ends with its supervisor.',
    );
  const attached = (['reattach', 'sidecar', 'endpoint'] as const).find((name) => client[name] !== undefined);
  if (attached !== undefined && options.reload?.mode === 'overlap')
    throw new OptionsError(`Expected no \`reload.mode: 'overlap'\` beside \`${attached}\`: there is one plugin.`);
  const { limitMs, policy } = options.whenDown ?? {};
  const { idleStopMs, cooldownMs } = options;
  const pool = resolvePool(options.size, attached);
  return {
    start: oneOf('start', options.start, ['eager', 'lazy']),
    policy: { ...restartPolicy(options, mode === 'stop-first' || attached !== undefined), size: pool },
    cooldownMs: cooldownMs === undefined ? undefined : duration('cooldownMs', cooldownMs),
    generation: callback('generation', options.generation) ?? (() => ({})),
    onStart: callback('onStart', options.onStart) as ResolvedSupervision['onStart'],
    whenDown: {
      policy: oneOf('whenDown.policy', policy, ['wait', 'fail']),
      limitMs: duration('whenDown.limitMs', limitMs ?? DEFAULT_SUPERVISION.limitMs),
    },
    replay: resolveReplay(options.replay),
    health: resolveHealth(options.health, client),
    idleStopMs: idleStopMs === undefined ? undefined : duration('idleStopMs', idleStopMs),
    recycle: options.recycle === undefined ? undefined : positive('recycle', options.recycle),
    limits: options.limits === undefined ? undefined : positive('limits', options.limits),
    pool,
    router: resolveRouter(options.router),
    sampleMs: duration('sampleMs', options.sampleMs ?? SAMPLE_MS),
    reloadOn: resolveReloadOn(options.reloadOn),
    drainMs: duration('reload.drainMs', options.reload?.drainMs ?? DEFAULT_SUPERVISION.drainMs),
    scheduler: options.backoff?.scheduler ?? asyncScheduler,
  };
}

function resolvePool(size: number | PoolSize = 1, attached: string | undefined): Required<PoolSize> {
  const given = typeof size === 'number' ? { min: size, max: size } : size;
  const pool = { ...DEFAULT_SUPERVISION.pool, ...given };
  for (const name of ['min', 'max', 'scaleUpAtCalls'] as const)
    if (!Number.isInteger(pool[name]) || pool[name] < 1)
      throw wrong(typeof size === 'number' ? 'size' : `size.${name}`, 'an integer of at least 1', pool[name]);
  if (pool.max < pool.min) throw wrong('size.max', `at least \`min\`, which is ${pool.min}`, pool.max);
  if (pool.max > 1 && attached !== undefined)
    throw new OptionsError(`Expected no \`supervision.size\` above 1 beside \`${attached}\`: there is one plugin.`);
  return { ...pool, scaleDownAfterMs: duration('size.scaleDownAfterMs', pool.scaleDownAfterMs) };
}

function resolveRouter(router: RouterOption | undefined): RouterOption {
  if (typeof router === 'function') return router;
  return oneOf<'least-calls' | 'round-robin'>('router', router, ['least-calls', 'round-robin']);
}

function restartPolicy<P extends PluginSet>(
  options: SupervisionOptions<P>,
  stopFirst: boolean,
): Omit<RestartPolicy, 'size'> {
  const { max, withinMs } = { ...DEFAULT_SUPERVISION.intensity, ...options.intensity };
  if (!(Number.isInteger(max) || max === Number.POSITIVE_INFINITY) || max < 0)
    throw wrong('intensity.max', 'an integer of at least 0, or Infinity', max);
  const given = { ...DEFAULT_SUPERVISION.backoff, ...options.backoff };
  const backoff = resolveBackoff({ ...given, maxMs: Math.max(given.initialMs, given.maxMs) });
  return {
    restart: oneOf('restart', options.restart, ['always', 'on-failure', 'never']),
    intensity: { max, withinMs: duration('intensity.withinMs', withinMs) },
    // The second start, after the first stop, comes at once.
    waitMs: (attempt) => (attempt <= 2 ? 0 : Math.max(1, Math.round(backoffWaitMs(backoff, attempt - 2)))),
    resetAfterMs: backoff.resetAfterMs,
    stopFirst,
  };
}

function resolveHealth(
  given: HealthOptions | false | undefined,
  client: DebuggedOptions,
): Required<HealthOptions> | undefined {
  if (given === false || (given === undefined && isDebugged(client))) return undefined;
  const health = { ...DEFAULT_SUPERVISION.health, ...given };
  if (!Number.isInteger(health.failures) || health.failures < 1)
    throw wrong('health.failures', 'an integer of at least 1', health.failures);
  return {
    ...health,
    intervalMs: duration('health.intervalMs', health.intervalMs),
    timeoutMs: duration('health.timeoutMs', health.timeoutMs),
    notServing: oneOf('health.notServing', health.notServing, ['hold', 'restart', 'ignore']),
  };
}

interface DebuggedOptions {
  readonly command?: readonly string[];
  readonly env?: Readonly<Record<string, string | undefined>>;
}

/** A plugin that stands in a debugger answers nothing, for as long as its developer likes. */
function isDebugged({ command = [], env = {} }: DebuggedOptions): boolean {
  const options = [...command, ...(env['NODE_OPTIONS'] ?? '').split(/\s+/)];
  return options.some((option) => /^--inspect(-brk|-wait)?(=|$)/.test(option));
}

function resolveReplay(replay: ReplayOption | undefined): ReplayOption {
  if (typeof replay === 'function') return replay;
  return oneOf<'unsent' | 'idempotent' | 'never'>('replay', replay, ['unsent', 'idempotent', 'never']);
}

function resolveReloadOn(given: Observable<unknown> | undefined): Observable<unknown> | undefined {
  if (given === undefined || isObservable(given)) return given;
  throw wrong('reloadOn', "an Observable, `fileChanges('./kv-plugin')` for instance", given);
}

function callback<F>(name: string, value: F | undefined): F | undefined {
  if (value === undefined || typeof value === 'function') return value;
  throw wrong(name, 'a function', value);
}

function positive<T extends object>(name: string, values: T): T {
  for (const [key, value] of Object.entries(values))
    if (value !== undefined && !(typeof value === 'number' && value > 0))
      throw wrong(`${name}.${key}`, 'a number above 0', value);
  return values;
}

function duration(name: string, value: number): number {
  if (value < 1) throw wrong(name, `an integer from 1 to ${MAX_TIMER_MS}`, value);
  return resolveDuration(`supervision.${name}`, value, value);
}

function oneOf<T extends string>(name: string, value: T | undefined, choices: readonly [T, ...T[]]): T {
  if (value === undefined) return choices[0];
  if (choices.includes(value)) return value;
  throw wrong(name, choices.map((choice) => `'${choice}'`).join(' or '), value);
}

function wrong(name: string, expected: string, value: unknown): OptionsError {
  return new OptionsError(`Expected \`supervision.${name}\` to be ${expected}, got ${describeValue(value)}.`);
}
