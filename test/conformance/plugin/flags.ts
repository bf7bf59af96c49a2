import { parseArgs } from 'node:util';
import type { GrpcEngine, ProtocolName } from 'rxplug';

/** How the plugin presents itself, and how it misbehaves. */
export interface ProgramFlags {
  readonly cookieKey: string;
  readonly cookieValue: string;
  readonly appVersion: number;
  /** Of the plain plugin set. */
  readonly protocol: ProtocolName;
  /** Versioned plugin sets and their protocols; undefined for one plain set. */
  readonly versions: ReadonlyMap<number, ProtocolName> | undefined;
  readonly tlsDir: string;
  readonly tlsError: boolean;
  readonly tcp: boolean;
  /** After serving, never ends. */
  readonly hangs: boolean;
  readonly slowShutdownMs: number;
  readonly startDelayMs: number;
  /** Empty: the default. */
  readonly grpcEngine: '' | GrpcEngine;
  /** Serves in test mode until stdin ends. */
  readonly test: boolean;
  /** Serves at this address, with brokers in the only connection, for a host that has not started it; empty: serves its host. */
  readonly endpoint: string;
  /** In test mode: hosts get stdout and stderr too. */
  readonly testStdio: boolean;
}

/** Parses `--name=value`. Throws for a flag that this program does not know. */
export function parseFlags(args: readonly string[]): ProgramFlags {
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  const { values } = parseArgs({
    args: [...args],
    options: {
      'cookie-key': text('RXPLUG_CONFORMANCE'),
      'cookie-value': text('hello'),
      'app-version': text('1'),
      protocol: text('grpc'),
      versions: text(''),
      'tls-dir': text(''),
      'tls-error': text('false'),
      tcp: text('false'),
      shutdown: text('normal'),
      'slow-shutdown': text('0'),
      'start-delay': text('0'),
      'grpc-engine': text(''),
      // Without meaning here: this plugin takes requests of any size.
      'max-receive': text(''),
      endpoint: text(''),
      test: text('false'),
      'test-stdio': text('false'),
      mark: text(''),
    },
  });
  return {
    cookieKey: values['cookie-key'],
    cookieValue: values['cookie-value'],
    appVersion: Number(values['app-version']),
    protocol: protocolOf(values.protocol),
    versions: values.versions === '' ? undefined : new Map(values.versions.split(',').map(versionOf)),
    endpoint: values.endpoint,
    tlsDir: values['tls-dir'],
    tlsError: values['tls-error'] === 'true',
    tcp: values.tcp === 'true',
    hangs: values.shutdown === 'hang',
    slowShutdownMs: milliseconds(values['slow-shutdown']),
    startDelayMs: milliseconds(values['start-delay']),
    grpcEngine: values['grpc-engine'] as '' | GrpcEngine,
    test: values.test === 'true',
    testStdio: values['test-stdio'] === 'true',
  };
}

/** Version and protocol of an item like `3=netrpc`. */
function versionOf(item: string): readonly [number, ProtocolName] {
  const [version, protocol = ''] = item.split('=');
  return [Number(version), protocolOf(protocol)];
}

function protocolOf(text: string): ProtocolName {
  if (text === 'grpc' || text === 'netrpc') return text;
  throw new Error(`Expected grpc or netrpc as protocol, got ${text}.`);
}

/** Go's durations, as far as the tests use them: `500ms`, `60s`. */
function milliseconds(duration: string): number {
  const [, number = '0', unit] = /^(\d+)(ms|s)?$/.exec(duration) ?? [];
  return Number(number) * (unit === 's' ? 1000 : 1);
}
