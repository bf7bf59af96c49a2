import { createHash } from 'node:crypto';
import { concat, defer, map, NEVER, type Observable, range, reduce, throwError } from 'rxjs';
import type { ServiceOf } from 'rxplug';
import { type GrpcBroker, GrpcError, Metadata } from 'rxplug/grpc';
import type { FailRequest, Payload, ProbeDefinition } from '../gen/probe.js';
import { Hangs } from './hangs.js';
import { brokerCalls } from './offers.js';
import { type ProcessControl, stdinIdentity } from './process-control.js';

type Probe = ServiceOf<typeof ProbeDefinition>;

/** rxplug.conformance.Probe. `version` is that of the plugin set it belongs to; without a broker it cannot call back. */
export function probeService(
  control: ProcessControl,
  version: number,
  broker?: GrpcBroker,
  hangs = new Hangs(),
): Probe {
  const offered = () => probeService(control, version, undefined, hangs);
  return { ...calls(), ...ends(hangs), ...world(control, version, broker), ...brokerCalls(broker, offered) };
}

function calls(): Pick<Probe, 'echo' | 'produce' | 'consume' | 'exchange'> {
  return {
    echo: (payload, call) => {
      const headers = new Metadata();
      for (const name of Object.keys(call.metadata.getMap()).filter((key) => key.startsWith('echo-'))) {
        for (const value of call.metadata.get(name)) {
          headers.add(name, value);
          call.trailers.add(name.replace(/^echo-/, 'trail-'), value);
        }
      }
      call.sendHeaders(headers);
      return payload;
    },
    produce: ({ count, size }) => produce(count, new Uint8Array(size)),
    consume: (request$) =>
      defer(() => {
        const hash = createHash('sha256');
        const add = (sum: { count: number; bytes: bigint }, { data }: Payload) => {
          hash.update(data);
          return { count: sum.count + 1, bytes: sum.bytes + BigInt(data.length) };
        };
        const total$ = request$.pipe(reduce(add, { count: 0, bytes: 0n }));
        return total$.pipe(map((total) => ({ ...total, sha256: hash.digest('hex') })));
      }),
    exchange: (request$) => request$,
  };
}

/** Pulled, so that a caller who reads slowly slows it. */
async function* produce(count: number, data: Uint8Array): AsyncGenerator<Payload> {
  for (let number = 0; count === 0 || number < count; number++) yield { data, number };
}

function ends(hangs: Hangs): Pick<Probe, 'fail' | 'failLater' | 'hang' | 'hangStream' | 'observe'> {
  return {
    fail: (request) => {
      throw failureOf(request);
    },
    failLater: (request): Observable<Payload> =>
      concat(
        range(0, request.after).pipe(map((number) => ({ data: new Uint8Array(), number }))),
        throwError(() => failureOf(request)),
      ),
    hang: ({ token }, call) => hangs.hang(token, call),
    hangStream: ({ token }, call) => hangs.hang(token, call),
    observe: ({ token, ended }) => hangs.observe(token, ended),
  };
}

function failureOf({ code, message, details, trailers }: FailRequest): GrpcError {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(trailers)) metadata.add(name, value);
  if (details.length > 0) metadata.set('grpc-status-details-bin', Buffer.from(details));
  return new GrpcError(code, message, { metadata });
}

function world(
  control: ProcessControl,
  version: number,
  broker: GrpcBroker | undefined,
): Pick<Probe, 'log' | 'write' | 'crash' | 'describe'> {
  return {
    log: ({ level, logger, message, fields }) => {
      const entries = fields.map(({ key, json }) => [key, JSON.parse(json)] as const);
      control.log(level, logger, message, Object.fromEntries(entries));
      return {};
    },
    write: async ({ stream, data, times }) => {
      await control.write(stream, data, times);
      return {};
    },
    crash: ({ kind, exitCode, message }) => {
      control.crash(kind, exitCode, message);
      return NEVER;
    },
    describe: () => ({
      pid: process.pid,
      language: 'node',
      version,
      args: process.argv.slice(2),
      env: Object.fromEntries(Object.entries(process.env).map(([key, value]) => [key, value ?? ''])),
      calls: {},
      stdin: stdinIdentity(),
      broker: { ...broker?.counts },
    }),
  };
}
