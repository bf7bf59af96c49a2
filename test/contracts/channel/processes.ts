import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { status as Status } from '@grpc/grpc-js';
import { filter, firstValueFrom } from 'rxjs';
import { createGrpcClient } from '../../../src/protocols/grpc/client/client.js';
import { GrpcError } from '../../../src/protocols/grpc/shared/errors.js';
import type { GrpcEngine } from '../../../src/protocols/grpc/shared/grpc-engine.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { netDialer } from '../../support/dialers.js';
import type { ChannelTests } from './tests.js';

type Child = ChildProcessByStdio<Writable, Readable, null>;

function run(program: string, ...args: string[]): Child {
  const path = fileURLToPath(new URL(`../../fixtures/grpc/${program}.js`, import.meta.url));
  return spawn(process.execPath, [path, ...args], { stdio: ['pipe', 'pipe', 'inherit'] });
}

async function startServer(engine: GrpcEngine, socketPath: string): Promise<Child> {
  const server = run('probe-server', engine, socketPath);
  await once(server.stdout, 'data');
  return server;
}

async function kill(child: Child): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

/** Channels between processes. */
export function processes({ engine, variant, each }: ChannelTests): void {
  for (const condition of ['idle', 'background', 'unref', 'holding']) {
    const stays = condition === 'holding';
    each(
      `a process whose channel is ${condition} ${stays ? 'stays until the call ends' : 'ends'}`,
      async ({ server: kind }) => {
        const directory = mkdtempSync(join(tmpdir(), 'g-'));
        const path = join(directory, 's');
        const server = await startServer(kind, path);
        const holder = run('channel-holder', path, engine, condition, variant.name);
        const exited = once(holder, 'exit');
        const ended = once(holder.stdout, 'end');
        let output = '';
        holder.stdout.setEncoding('utf8').on('data', (part: string) => {
          output += part;
        });
        if (stays) {
          await once(holder.stdout, 'data');
          await kill(server);
        }
        await ended;
        assert.equal(output, stays ? 'connected\ncall ended\n' : 'connected\n');
        assert.deepEqual(await exited, [0, null]);
        if (!stays) await kill(server);
        rmSync(directory, { recursive: true });
      },
    );
  }

  each(
    'calls to a killed server process are UNAVAILABLE, and calls to its successor succeed',
    async ({ server: kind, createChannel }) => {
      const directory = mkdtempSync(join(tmpdir(), 'g-'));
      const path = join(directory, 's');
      const dialer = netDialer(path);
      const channel = createChannel({ dialer, backoff: { initialMs: 1, maxMs: 20 } });
      const client = createGrpcClient(channel, ProbeDefinition);
      const first = await startServer(kind, path);
      const hanging = firstValueFrom(client.hang({ token: 'x' }));
      const failed = assert.rejects(hanging, (error) => GrpcError.is(error) && error.status === Status.UNAVAILABLE);
      await firstValueFrom(client.observe({ token: 'x' }));
      await kill(first);
      await failed;
      await firstValueFrom(channel.state$.pipe(filter(({ status }) => status !== 'ready')));
      rmSync(path);
      const patient = firstValueFrom(client.echo({ number: 7 }, { waitForReady: true }));
      const second = await startServer(kind, path);
      assert.equal((await patient).number, 7);
      await channel.close();
      await kill(second);
      rmSync(directory, { recursive: true });
    },
  );

  each(
    '64 MiB each way pass to another process and back, alone and as a stream',
    async ({ server: kind, createChannel }) => {
      const directory = mkdtempSync(join(tmpdir(), 'g-'));
      const path = join(directory, 's');
      const server = await startServer(kind, path);
      const channel = createChannel({ dialer: netDialer(path) });
      const client = createGrpcClient(channel, ProbeDefinition);
      const data = Buffer.alloc(64 * 1024 * 1024, 'abcdefg');
      const answer = await firstValueFrom(client.echo({ data }));
      assert.ok(data.equals(answer.data));
      const chunk = { data: data.subarray(0, 1024 * 1024) };
      const digest = await firstValueFrom(client.consume(Array.from({ length: 64 }, () => chunk)));
      assert.equal(digest.bytes, 64n * 1024n * 1024n);
      let bytes = 0;
      for await (const message of client.produce.readable({ count: 64, size: 1024 * 1024 }))
        bytes += message.data.length;
      assert.equal(bytes, 64 * 1024 * 1024);
      await channel.close();
      await kill(server);
      rmSync(directory, { recursive: true });
    },
  );
}
