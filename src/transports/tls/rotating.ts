import { firstValueFrom, isObservable, type Observable, ReplaySubject, type Subscription } from 'rxjs';
import { errorMessage, SecurityError } from '../../errors.js';
import { settledWithin } from '../../streams/settled-within.js';
import { describeValue } from '../../wire/option-names.js';
import { contextOf, type TlsConfig } from './config.js';

/**
 * A TLS configuration, or where the newest one comes from: a function is called for each new connection, an Observable is subscribed to as
 * long as connections are made.
 */
export type TlsSource = TlsConfig | (() => TlsConfig | Promise<TlsConfig>) | Observable<TlsConfig>;

/** A source in the form of a configuration. */
export interface TlsRotation {
  /** Stands for the newest configuration wherever one is taken. */
  readonly config: TlsConfig;
  /** Ends the subscription to the source. */
  close(): void;
}

/** How a source is used. */
export interface TlsRotationOptions {
  /** The name that a server's certificate is verified against where the configuration has none. */
  readonly serverName?: string;
  /** The source has failed, or has given what cannot be used: the configuration before it is used further. */
  readonly onUnusable: (error: Error) => void;
}

const NEWEST = Symbol('newest');

interface RotatingTlsConfig extends TlsConfig {
  readonly [NEWEST]: () => Promise<TlsConfig>;
}

/** Bound of a function, and of the first value of an Observable. */
const SOURCE_TIMEOUT_MS = 10_000;

/** A configuration that may be another one for each connection. Throws SecurityError ERR_TLS for one that cannot be used. */
export function rotatingTls(source: TlsSource, { serverName, onUnusable }: TlsRotationOptions): TlsRotation {
  const named = (given: TlsConfig): TlsConfig => (serverName === undefined ? given : { serverName, ...given });
  if (typeof source !== 'function' && !isObservable(source)) {
    contextOf(source);
    return { config: named(source), close: () => {} };
  }
  const reader = readerOf(source);
  let usable: { readonly given: TlsConfig; readonly config: TlsConfig } | undefined;
  const newest = async (): Promise<TlsConfig> => {
    try {
      const given = await withinBound(reader.read());
      if (typeof given !== 'object' || given === null)
        throw new Error(`expected an object, got ${describeValue(given)}`);
      if (given === usable?.given) return usable.config;
      contextOf(given);
      usable = { given, config: named(given) };
    } catch (error) {
      if (usable === undefined) throw unusable(error);
      onUnusable(unusable(error));
    }
    return usable.config;
  };
  const config: RotatingTlsConfig = { ...named({}), [NEWEST]: newest };
  return { config, close: () => reader.close() };
}

/** Whether the configuration is asked for anew for each connection. */
export function isRotating(config: TlsConfig): boolean {
  return NEWEST in config;
}

/** What to use for a new connection. Rejects with SecurityError ERR_TLS when a source has not given anything that can be used. */
export function newestTls(config: TlsConfig): Promise<TlsConfig> {
  return NEWEST in config ? (config as RotatingTlsConfig)[NEWEST]() : Promise.resolve(config);
}

interface Reader {
  read(): Promise<TlsConfig>;
  close(): void;
}

function readerOf(source: Exclude<TlsSource, TlsConfig>): Reader {
  if (!isObservable(source)) return { read: async () => await source(), close: () => {} };
  const latest = new ReplaySubject<TlsConfig>(1);
  const subscription: Subscription = source.subscribe(latest);
  return { read: () => firstValueFrom(latest), close: () => subscription.unsubscribe() };
}

async function withinBound(reading: Promise<TlsConfig>): Promise<TlsConfig> {
  if (await settledWithin(SOURCE_TIMEOUT_MS, reading)) return await reading;
  throw new Error(`it has given none within ${SOURCE_TIMEOUT_MS} ms`);
}

function unusable(cause: unknown): SecurityError {
  if (cause instanceof SecurityError) return cause;
  const message = `The source of \`tls\` has given no configuration: ${errorMessage(cause)}.`;
  return new SecurityError('ERR_TLS', message, { cause });
}
