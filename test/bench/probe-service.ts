import { concatMap, map, type Observable, reduce } from 'rxjs';
import type { ServiceOf } from '../../src/protocols/grpc/shared/service-definition.js';
import type { Digest, Payload, ProbeDefinition } from '../conformance/gen/probe.js';
import { touch } from './raw-bytes.js';

async function* payloads(count: number, size: number): AsyncGenerator<Partial<Payload>> {
  const payload = { data: Buffer.alloc(size, 'p') };
  for (let number = 0; number < count; number += 1) yield payload;
}

function digestOf(request$: Observable<Payload>): Observable<Partial<Digest>> {
  const look = (count: number, { data }: Payload): number => {
    touch(data);
    return count + 1;
  };
  return request$.pipe(reduce(look, 0)).pipe(map((count) => ({ count })));
}

const unused = () => {
  throw new Error('Benchmarks do not use it.');
};

/** The methods of the probe service that benchmarks use, on our server. */
export const probeService: ServiceOf<typeof ProbeDefinition> = {
  echo: (payload) => payload,
  produce: ({ count, size }) => payloads(count, size),
  consume: digestOf,
  exchange: (request$) => request$.pipe(concatMap((payload) => [payload])),
  fail: unused,
  failLater: unused,
  hang: unused,
  hangStream: unused,
  observe: unused,
  log: unused,
  write: unused,
  crash: unused,
  describe: unused,
  callBack: unused,
  offer: unused,
  withdraw: unused,
};
