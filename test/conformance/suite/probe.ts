import { type DrivenObject, RpcFailure } from '../driver.js';
import { CrashRequest_Kind as Kind, ProbeDefinition, WriteRequest_Stream as Stream } from '../gen/probe.js';
import { failureOf } from './failure.js';

export type StreamName = 'STDOUT' | 'STDERR' | 'REAL_STDOUT' | 'REAL_STDERR';
export type CrashKind = 'EXIT' | 'PANIC' | 'KILL';

/** What a plugin tells about its process. */
export interface Description {
  readonly pid: number;
  /** Of the plugin set that was chosen. */
  readonly version: number;
  readonly env: Readonly<Record<string, string>>;
}

/** An entry for the plugin's logger. */
export interface LogRequest {
  readonly level: string;
  readonly message: string;
  /** Name of a logger below the plugin's own. */
  readonly logger?: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

/** A call that the plugin has and will not answer. */
export interface Hanging {
  /** Resolves with what ended the call. */
  readonly failure: Promise<unknown>;
}

/** The probe of the plugin programs as far as both protocols have it. */
export interface Probe {
  echo(data: Uint8Array): Promise<Uint8Array>;
  describe(): Promise<Description>;
  log(entry: LogRequest): Promise<void>;
  /** Exactly these bytes. */
  write(stream: StreamName, data: Uint8Array, times?: number): Promise<void>;
  /** Rejects, as the process ends. */
  crash(kind: CrashKind): Promise<void>;
  hang(token: string): Promise<Hanging>;
  /** Whether a call failed because its connection is gone. */
  isLoss(failure: unknown): boolean;
}

/** What crashes are told to do: which status to exit with, and which words to end with. */
const EXIT_CODE = 3;
const LAST_WORDS = 'as told';

/** A dispensed probe, in the protocol that is spoken with the plugin. */
export function probeOf(object: DrivenObject, protocol: string): Probe {
  return protocol === 'netrpc' ? overNetRpc(object) : overGrpc(object);
}

function overGrpc(object: DrivenObject): Probe {
  const ask = async (key: 'log' | 'write' | 'crash', request: object) =>
    void (await object.invoke(ProbeDefinition, key, request));
  return {
    echo: async (data) => (await object.invoke(ProbeDefinition, 'echo', { data })).message.data,
    describe: async () => (await object.invoke(ProbeDefinition, 'describe', {})).message,
    log: ({ fields = {}, ...entry }) =>
      ask('log', {
        ...entry,
        fields: Object.entries(fields).map(([key, value]) => ({ key, json: JSON.stringify(value) })),
      }),
    write: (stream, data, times = 1) => ask('write', { stream: Stream[stream], data, times }),
    crash: (kind) => ask('crash', { kind: Kind[kind], exitCode: EXIT_CODE, message: LAST_WORDS }),
    hang: async (token) => {
      const call = await object.open(ProbeDefinition, 'hang', { request: { token } });
      await object.invoke(ProbeDefinition, 'observe', { token });
      return { failure: failureOf(call.receive()) };
    },
    isLoss: (failure) => (failure as { code?: number }).code === 14,
  };
}

function overNetRpc(object: DrivenObject): Probe {
  const base64 = (data: Uint8Array) => Buffer.from(data).toString('base64');
  const echo = async (data: Uint8Array) =>
    Buffer.from((await object.call<string | null>('Echo', base64(data))) ?? '', 'base64');
  return {
    echo,
    describe: async () => {
      const { Pid, Version, Env } = await object.call<{ Pid: number; Version: number; Env: Description['env'] }>(
        'Describe',
        {},
      );
      return { pid: Pid, version: Version, env: Env };
    },
    log: async ({ level, message, logger = '', fields = {} }) => {
      const Values = Object.values(fields).map((value) => JSON.stringify(value));
      await object.call('Log', { Level: level, Message: message, Logger: logger, Keys: Object.keys(fields), Values });
    },
    write: async (stream, data, times = 1) => {
      await object.call('Write', { Stream: stream, Data: base64(data), Times: times });
    },
    crash: async (kind) => {
      await object.call('Crash', { Kind: kind, ExitCode: EXIT_CODE, Message: LAST_WORDS });
    },
    hang: async (token) => {
      const answered = () => new Error('The call was answered.');
      const failure = object.call('Hang', token).then(answered, (error: unknown) => error);
      // A server reads the requests of a stream in their order.
      await echo(new Uint8Array());
      return { failure };
    },
    isLoss: (failure) => failure instanceof Error && !(failure instanceof RpcFailure),
  };
}
