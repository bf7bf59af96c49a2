import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { HostConfig, HostDriver } from '../driver.js';
import type { PluginFlags } from '../peers.js';
import { configOf, hosted, isNetRpc, type Pairing, scenario } from './pairing.js';
import { processesWith, untilGone } from './processes.js';

const LINE = '1|{app}|{network}|{address}|{protocol}';

/** Handshake lines, as an argument of the Go plugin, that a host has to accept. */
const ACCEPTED: readonly (readonly [items: string, line: string])[] = [
  ['H-12 five fields', LINE],
  ['H-12 six fields', `${LINE}|`],
  ['H-12 H-26 seven fields though nobody asked', `${LINE}||true`],
  ['H-12 nine fields', `${LINE}||true|more|and more`],
  ['H-14 blanks around the line', `  ${LINE}|  `],
  ['H-14 a carriage return at the end', `${LINE}|\r`],
  ['H-21 a short sixth field', `${LINE}|eyJzdGRvdXRfYWRkciI6IiIsInN0ZGVycl9hZGRyIjoiIn0K`],
];

/** Lines that a host has to refuse, and what its error has to tell. */
const REFUSED: readonly (readonly [items: string, line: string, ...tells: RegExp[]])[] = [
  ['H-13 three fields', '1|1|unixoid', /1\|1\|unixoid/],
  ['H-13 a banner before the handshake', 'Welcome!', /Welcome!/],
  ['H-14 blanks inside a number', '1| 1|{network}|{address}|{protocol}', / 1/],
  ['H-15 another core version', '7|{app}|{network}|{address}|{protocol}', /\b7\b/, /\b1\b/],
  ['H-16 a core version that is no number', 'one|{app}|{network}|{address}|{protocol}', /one/],
  ['H-16 an app version that is no number', '1|first|{network}|{address}|{protocol}', /first/],
  ['H-17 an app version that was not offered', '1|77|{network}|{address}|{protocol}', /\b77\b/, /\b1\b/],
  ['H-18 an empty protocol', '1|{app}|{network}|{address}||', /protocol/i],
  ['H-19 an unknown protocol', '1|{app}|{network}|{address}|smoke-signals|', /smoke-signals/],
  ['H-20 an unknown network', '1|{app}|carrier-pigeon|{address}|{protocol}', /address|network/i],
  ['H-22 a long sixth field that is not base64', `${LINE}|${'!'.repeat(60)}`, /cert/i],
  ['H-22 a long sixth field that is no certificate', `${LINE}|${'A'.repeat(60)}`, /cert/i],
];

/** How a host takes what the Go plugin announces. Needs the Go plugin, whose line can be set. */
export function handshakeSuite(pairing: Pairing): void {
  // They carry no certificate, which an AutoMTLS host asks for.
  for (const [name, line] of pairing.config?.autoMtls === true ? [] : ACCEPTED) {
    scenario(
      pairing,
      `${name}: accepted`,
      async ({ probe }) => {
        assert.equal((await (await probe()).echo(Buffer.from('sevenfold'))).length, 9);
      },
      { flags: { handshake: line } },
    );
  }
  for (const [name, line, ...tells] of REFUSED) {
    refusal(pairing, `${name}: refused`, { handshake: line }, {}, tells);
  }
  failures(pairing);
}

function failures(pairing: Pairing): void {
  const allowedProtocols = isNetRpc(pairing) ? (['grpc'] as const) : (['netrpc'] as const);
  refusal(pairing, 'H-19 a protocol outside the allowed list is refused', {}, { allowedProtocols }, [/grpc/, /netrpc/]);
  refusal(pairing, 'H-27 a plugin that says nothing in time is refused', { 'start-delay': '60s' }, SHORT, [/time/i]);
  refusal(pairing, 'H-28 a plugin that ends without a word is refused', { 'cookie-value': 'other' }, {}, [
    /exited|any lines|without/i,
  ]);
  refusal(pairing, 'P-02 a plugin without cookie is refused', { 'cookie-key': '' }, {}, [/exited|any lines|without/i]);

  scenario(
    pairing,
    'H-31 a TCP address is dialed',
    async ({ started, client, probe }) => {
      assert.equal(started.network, 'tcp');
      const port = Number(started.address.split(':')[1]);
      assert.ok(port >= 20_000 && port <= 24_000, `port ${port}`);
      await (await probe()).echo(Buffer.alloc(1 << 20));
      await client.ping();
    },
    { flags: { tcp: true }, config: { minPort: 20_000, maxPort: 24_000 } },
  );
}

const SHORT = { startTimeoutMs: 500 };

/** Registers a test in which starting fails, tells why, and leaves no process behind (H-30). */
function refusal(
  pairing: Pairing,
  name: string,
  flags: PluginFlags,
  config: Partial<HostConfig>,
  tells: readonly RegExp[],
): void {
  hosted(pairing, `${name} H-30`, async (host: HostDriver) => {
    const mark = randomUUID();
    const client = await host.create(await configOf(pairing, { flags: { ...flags, mark }, config }));
    await assert.rejects(client.start(), (error: Error) => {
      for (const tell of tells) assert.match(error.message, tell);
      return true;
    });
    await Promise.all(processesWith(mark).map(untilGone));
    await client.stop();
  });
}
