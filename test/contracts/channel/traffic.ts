import assert from 'node:assert/strict';
import { ServerCredentials, status as Status } from '@grpc/grpc-js';
import { firstValueFrom, lastValueFrom, toArray } from 'rxjs';
import { createGrpcClient } from '../../../src/protocols/grpc/client/client.js';
import { selfSignedAuthority } from '../../../src/transports/tls/certificate.js';
import { secureDialer } from '../../../src/transports/tls/tls.js';
import { ProbeDefinition } from '../../conformance/gen/probe.js';
import { netDialer } from '../../support/dialers.js';
import { bind, grpcJsProbeServer } from '../../support/grpc-js-probe.js';
import { rejection } from '../../support/rejection.js';
import type { ChannelTests } from './tests.js';

/** Calls of every kind, many at once, over every kind of connection. */
export function traffic({ on, each }: ChannelTests): void {
  on(
    'mutual TLS is the dialer’s matter: calls pass, and a stranger’s certificate is UNAVAILABLE',
    async ({ createChannel }) => {
      const authority = selfSignedAuthority({ curve: 'P-256' });
      const [plugin, host, stranger] = [await authority.issue(), await authority.issue(), await authority.issue()];
      const server = grpcJsProbeServer();
      const pair = { private_key: Buffer.from(plugin.keyPem), cert_chain: Buffer.from(plugin.certificatePem) };
      const port = await bind(
        server,
        '127.0.0.1:0',
        ServerCredentials.createSsl(Buffer.from(host.certificatePem), [pair], true),
      );
      for (const [identity, passes] of [
        [host, true],
        [stranger, false],
      ] as const) {
        const tls = { key: identity.keyPem, cert: identity.certificatePem, ca: [plugin.certificatePem] };
        const dialer = secureDialer(netDialer(port), tls, { alpn: ['h2'] });
        const channel = createChannel({ dialer, secure: true });
        const client = createGrpcClient(channel, ProbeDefinition);
        const call = firstValueFrom(client.echo({ data: Buffer.alloc(5_000_000) }));
        if (passes) assert.equal((await call).data.length, 5_000_000);
        else assert.equal((await rejection(call)).status, Status.UNAVAILABLE);
        await channel.close();
      }
      server.forceShutdown();
    },
  );

  for (const [where, name] of [
    ['an in-memory Duplex', 'open'],
    ['a unix socket', 'openUnix'],
  ] as const) {
    each(`2 000 mixed calls, 50 at once, succeed over ${where}`, async (bench) => {
      await using rig = await bench[name]();
      const { client } = rig;
      let next = 0;
      const kinds = [
        async (n: number) =>
          assert.equal((await firstValueFrom(client.echo({ number: n, data: Buffer.alloc(n % 5000) }))).number, n),
        async (n: number) =>
          assert.equal(
            (await lastValueFrom(client.produce({ count: 1 + (n % 20), size: 500 }).pipe(toArray()))).length,
            1 + (n % 20),
          ),
        async (n: number) => assert.equal((await firstValueFrom(client.consume([{ number: n }, {}]))).count, 2),
        async () => assert.equal((await lastValueFrom(client.exchange([{}, {}, {}]).pipe(toArray()))).length, 3),
        async () =>
          assert.equal((await rejection(firstValueFrom(client.fail({ code: 3 })))).status, Status.INVALID_ARGUMENT),
        async (n: number) =>
          client
            .hang({ token: `mixed-${n}` })
            .subscribe()
            .unsubscribe(),
        async (n: number) =>
          assert.equal((await firstValueFrom(client.echo({ data: Buffer.alloc(300_000, n) }))).data.length, 300_000),
      ];
      const worker = async () => {
        while (next < 2000) {
          const n = next++;
          await kinds[n % kinds.length]!(n);
        }
      };
      await Promise.all(Array.from({ length: 50 }, worker));
    });
  }
}
