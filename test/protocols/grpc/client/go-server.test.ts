import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test as nodeTest } from 'node:test';
import { Metadata, status as Status } from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { createGrpcClient } from '../../../../src/protocols/grpc/client/client.js';
import type { GrpcEngine } from '../../../../src/protocols/grpc/shared/grpc-engine.js';
import { buildGo, needsGo } from '../../../conformance/build-go.js';
import { ProbeDefinition } from '../../../conformance/gen/probe.js';
import { netDialer } from '../../../support/dialers.js';
import { ENDPOINTS, ENGINES } from '../../../support/engines.js';
import type { ProbeClient } from '../../../support/probe-rig.js';
import { rejection } from '../../../support/rejection.js';

/** Runs a Go plugin and hands out a client of its grpc-go server: no host, just the handshake's address. */
async function withGoServer(engine: GrpcEngine, use: (client: ProbeClient) => Promise<void>): Promise<void> {
  const programs = await buildGo('test/conformance/go', ['plugin']);
  const env = { ...process.env, RXPLUG_CONFORMANCE: 'hello', PLUGIN_PROTOCOL_VERSIONS: '1' };
  const child = spawn(join(programs, 'plugin'), ['-protocol=grpc'], { env, stdio: ['pipe', 'pipe', 'ignore'] });
  const exited = once(child, 'exit');
  const [line] = await once(child.stdout, 'data');
  const path = String(line).split('|')[3]!;
  const channel = ENDPOINTS[engine].createChannel({ dialer: netDialer(path), authority: 'unused' });
  try {
    await use(createGrpcClient(channel, ProbeDefinition));
  } finally {
    await channel.close();
    child.kill('SIGKILL');
    await exited;
    rmSync(path, { force: true });
  }
}

for (const engine of ENGINES) {
  nodeTest(`${engine}: grpc-go answers every kind of call`, { ...needsGo(), timeout: 290_000 }, () =>
    withGoServer(engine, async (client) => {
      const metadata = new Metadata();
      metadata.set('echo-x-bin', Buffer.from([0, 1, 255]));
      let headers: Metadata | undefined;
      let trailers: Metadata | undefined;
      const data = Buffer.alloc(3_000_000, 'abcdefg');
      const onHeaders = (received: Metadata) => {
        headers = received;
      };
      const onTrailers = (received: Metadata) => {
        trailers = received;
      };
      const answer = await firstValueFrom(client.echo({ data, number: 1 }, { metadata, onHeaders, onTrailers }));
      assert.ok(data.equals(answer.data));
      assert.deepEqual(headers?.get('echo-x-bin'), [Buffer.from([0, 1, 255])]);
      assert.deepEqual(trailers?.get('trail-x-bin'), [Buffer.from([0, 1, 255])]);
      const produced = await lastValueFrom(client.produce({ count: 3000, size: 3000 }).pipe(toArray()));
      assert.deepEqual([produced.length, produced.at(-1)?.number], [3000, 2999]);
      const sha256 = createHash('sha256').update(data).update(data).digest('hex');
      assert.equal((await firstValueFrom(client.consume([{ data }, { data }]))).sha256, sha256);
      const numbers = client.exchange([{ number: 1 }, { number: 2 }]);
      assert.deepEqual(
        (await lastValueFrom(numbers.pipe(toArray()))).map(({ number }) => number),
        [1, 2],
      );
    }),
  );

  nodeTest(
    `${engine}: grpc-go’s failures, limits, deadlines and cancellations arrive`,
    { ...needsGo(), timeout: 290_000 },
    () =>
      withGoServer(engine, async (client) => {
        const failed = await rejection(client.fail({ code: 9, message: '100 % größer', trailers: { k: 'v' } }));
        assert.deepEqual([failed.status, failed.detail], [Status.FAILED_PRECONDITION, '100 % größer']);
        assert.deepEqual(failed.metadata.get('k'), ['v']);
        const late = await rejection(client.hang({ token: 'late' }, { timeoutMs: 50 }));
        assert.equal(late.status, Status.DEADLINE_EXCEEDED);
        assert.ok((await firstValueFrom(client.observe({ token: 'late', ended: true }))).hasDeadline);
        const hanging = client.hangStream({ token: 'cancel' }).subscribe();
        await firstValueFrom(client.observe({ token: 'cancel' }));
        hanging.unsubscribe();
        assert.equal((await firstValueFrom(client.observe({ token: 'cancel', ended: true }))).reason, 'cancelled');
        for (let round = 0; round < 200; round++) {
          await Promise.all(Array.from({ length: 16 }, (_, number) => firstValueFrom(client.echo({ number }))));
        }
        const crashed = await rejection(client.crash({ exitCode: 3 }));
        assert.equal(crashed.status, Status.UNAVAILABLE);
      }),
  );

  nodeTest(`${engine}: a reader that goes slowly holds grpc-go back`, { ...needsGo(), timeout: 290_000 }, () =>
    withGoServer(engine, async (client) => {
      const readable = client.produce.readable({ count: 0, size: 10_000 });
      const iterator = readable[Symbol.asyncIterator]();
      await iterator.next();
      const before = process.memoryUsage().arrayBuffers;
      for (let round = 0; round < 300; round++) await firstValueFrom(client.echo({ data: Buffer.alloc(100) }));
      assert.ok(process.memoryUsage().arrayBuffers - before < 16 * 1024 * 1024);
      for (let number = 1; number < 2000; number++) assert.equal((await iterator.next()).value.number, number);
      readable.destroy();
    }),
  );
}
