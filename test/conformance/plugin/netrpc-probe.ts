import { createHash } from 'node:crypto';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { NEVER } from 'rxjs';
import type { ServiceOfContract } from 'rxplug';
import type { MuxBroker } from 'rxplug/net-rpc';
import { type Deferred, defer } from '../../support/defer.js';
import { CrashRequest_Kind as Kind, WriteRequest_Stream as Stream } from '../gen/probe.js';
import type { probe } from '../netrpc-contracts.js';
import { type ProcessControl, stdinIdentity } from './process-control.js';

type Probe = ServiceOfContract<typeof probe>;

/** Calls that wait to be released, by token; one for all dispensed probes. */
export class Gates {
  readonly #gates = new Map<string, Deferred<void>>();

  of(token: string): Deferred<void> {
    const found = this.#gates.get(token) ?? defer();
    this.#gates.set(token, found);
    return found;
  }
}

/** ProbeRPC of `test/conformance/go/contract`. `version` is that of the plugin set it belongs to. */
export function netRpcProbe(control: ProcessControl, gates: Gates, version: number): Probe {
  return { ...calls(gates), ...world(control, version), ...streams() };
}

function calls(gates: Gates): Pick<Probe, 'Echo' | 'Everything' | 'Fail' | 'Wait' | 'Release' | 'Hang'> {
  return {
    Echo: (data) => data,
    Everything: (value) => value,
    Fail: (message) => {
      throw new Error(message);
    },
    Wait: (token) => gates.of(token).promise.then(() => token),
    Release: (token) => gates.of(token).resolve(),
    Hang: () => NEVER,
  };
}

function world(control: ProcessControl, version: number): Pick<Probe, 'Log' | 'Write' | 'Crash' | 'Describe'> {
  return {
    Log: ({ Level, Logger, Message, Keys, Values }) => {
      const fields = Keys.map((key, i) => [key, JSON.parse(Values[i] ?? 'null') as unknown] as const);
      control.log(Level, Logger, Message, Object.fromEntries(fields));
    },
    Write: async ({ Stream: name, Data, Times }) => {
      await control.write(Stream[name as keyof typeof Stream], Data, Times);
    },
    Crash: ({ Kind: name, ExitCode, Message }) => {
      control.crash(Kind[name as keyof typeof Kind], ExitCode, Message);
      return NEVER;
    },
    Describe: () => ({
      Pid: process.pid,
      Language: 'node',
      Version: version,
      Args: process.argv.slice(2),
      Env: Object.fromEntries(Object.entries(process.env).map(([key, value]) => [key, value ?? ''])),
      Stdin: stdinIdentity(),
    }),
  };
}

function streams(): Pick<Probe, 'Copy' | 'Open'> {
  return {
    Copy: ({ ReaderID, WriterID }, { broker }) => copy(broker, ReaderID, WriterID),
    Open: (_, { broker }) => {
      const id = broker.nextId();
      broker.accept(id).subscribe({ next: (stream) => stream.pipe(stream), error: () => {} });
      return id;
    },
  };
}

async function copy(broker: MuxBroker, readerId: number, writerId: number) {
  const [reader, writer] = [await broker.dial(readerId), await broker.dial(writerId)];
  const hash = createHash('sha256');
  let bytes = 0;
  const count = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  await pipeline(reader, count, writer);
  return { Bytes: bytes, Sha256: hash.digest('hex') };
}
