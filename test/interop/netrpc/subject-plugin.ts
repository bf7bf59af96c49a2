/** Our counterpart of the Go plugin program over net/rpc: the same services, the same flags. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { firstValueFrom, NEVER } from 'rxjs';
import { implement, type ServiceOfContract, serve } from '../../../src/index.js';
import { createNetRpcClient, gob, handlersOf, type MuxBroker } from '../../../src/net-rpc.js';
import { CrashRequest_Kind, WriteRequest_Stream } from '../../conformance/gen/probe.js';
import { parseFlags } from '../../conformance/plugin/flags.js';
import { ProcessControl, stdinIdentity } from '../../conformance/plugin/process-control.js';
import { Store } from '../../conformance/plugin/store.js';
import { type Deferred, defer } from '../../support/defer.js';
import { greeter, kv, probe } from './subject-contracts.js';

const flags = parseFlags(process.argv.slice(2).filter((flag) => !flag.startsWith('--protocol=')));
const control = new ProcessControl();

/** One for all dispensed objects, as in the Go program. */
const store = new Store();

function kvService(): ServiceOfContract<typeof kv> {
  const listed = (prefix: string) => store.list(prefix);
  return {
    Put: ({ Key, Value }) => {
      if (Key === '') throw new Error('the key is empty');
      return Number(store.put(Key, Value));
    },
    Get: (key) => {
      const entry = store.get(key);
      if (entry?.value === undefined) throw new Error(`no such key: ${key}`);
      return { Value: entry.value, Revision: Number(entry.revision) };
    },
    Delete: (key) => store.delete(key),
    List: (prefix) =>
      listed(prefix).map(({ key, value, revision }) => ({
        Key: key,
        Value: value ?? new Uint8Array(0),
        Revision: Number(revision),
      })),
    Snapshot: () => Object.fromEntries(listed('').map(({ key, value }) => [key, value ?? new Uint8Array(0)])),
  };
}

const greeterMethods = {
  Greet: { args: gob.interface(), reply: gob.string },
  GreetName: { args: gob.string, reply: gob.string },
};

function greeterService(): ServiceOfContract<typeof greeter> {
  const GreetName = (name: string): string => {
    if (name === '') throw new Error('nobody to greet');
    return `Hello, ${name}!`;
  };
  return {
    Greet: () => 'Hello!',
    GreetName,
    GreetThrough: async ({ Name, BrokerID }, { broker }) => {
      const client = createNetRpcClient(await broker.dial(BrokerID));
      try {
        return await firstValueFrom(client.call('Plugin.Decorate', gob.string, `Hello, ${Name}!`, gob.string));
      } finally {
        await client.close();
      }
    },
    Offer: (_, { broker }) => {
      const id = broker.nextId();
      const handlers = handlersOf(greeterMethods, { Greet: () => 'Hello!', GreetName }, broker);
      broker.acceptAndServe(id, new Map([['Plugin', handlers]])).subscribe({ error: () => {} });
      return id;
    },
  };
}

function probeService(): ServiceOfContract<typeof probe> {
  const gates = new Map<string, Deferred<void>>();
  const gate = (token: string) => {
    const found = gates.get(token) ?? defer();
    gates.set(token, found);
    return found;
  };
  return {
    Echo: (data) => data,
    Everything: (value) => value,
    Fail: (message) => {
      throw new Error(message);
    },
    Wait: (token) => gate(token).promise.then(() => token),
    Release: (token) => gate(token).resolve(),
    Hang: () => NEVER,
    Log: ({ Level, Logger, Message, Keys, Values }) => {
      const fields = Keys.map((key, i) => [key, JSON.parse(Values[i] ?? 'null') as unknown] as const);
      control.log(Level, Logger, Message, Object.fromEntries(fields));
    },
    Write: async ({ Stream, Data, Times }) => {
      await control.write(WriteRequest_Stream[Stream as keyof typeof WriteRequest_Stream], Data, Times);
    },
    Crash: ({ Kind, ExitCode, Message }) => {
      control.crash(CrashRequest_Kind[Kind as keyof typeof CrashRequest_Kind], ExitCode, Message);
      return NEVER;
    },
    Describe: () => ({
      Pid: process.pid,
      Language: 'node',
      Version: flags.appVersion,
      Args: process.argv.slice(2),
      Env: Object.fromEntries(Object.entries(process.env).map(([key, value]) => [key, value ?? ''])),
      Stdin: stdinIdentity(),
    }),
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
  for await (const chunk of reader as AsyncIterable<Buffer>) {
    hash.update(chunk);
    bytes += chunk.length;
    if (!writer.write(chunk)) await new Promise((resolve) => writer.once('drain', resolve));
  }
  writer.end();
  return { Bytes: bytes, Sha256: hash.digest('hex') };
}

await delay(flags.startDelayMs);
await serve({
  handshake: {
    protocolVersion: flags.appVersion,
    magicCookieKey: flags.cookieKey,
    magicCookieValue: flags.cookieValue,
  },
  logger: control.logger,
  ...(flags.hangs ? { exitGraceMs: 2 ** 31 - 1 } : {}),
  plugins: {
    kv: implement(kv, kvService),
    greeter: implement(greeter, greeterService),
    probe: implement(probe, probeService),
  },
});
if (flags.hangs) setInterval(() => {}, 60_000);
