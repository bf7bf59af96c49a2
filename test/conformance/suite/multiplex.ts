import assert from 'node:assert/strict';
import { ProbeDefinition } from '../gen/probe.js';
import { configOf, hosted, type Pairing, scenario } from './pairing.js';
import { untilGone } from './processes.js';

const LINE = '1|{app}|{network}|{address}|{protocol}|{cert}';

/** Asking for multiplexing, and being refused; for a pairing that asks for it. */
export function multiplexSuite(pairing: Pairing): void {
  scenario(pairing, 'H-04 M-15 a host that multiplexes says so in the environment', async ({ dispense }) => {
    const { env } = (await (await dispense('probe')).invoke(ProbeDefinition, 'describe', {})).message;
    assert.equal(env['PLUGIN_MULTIPLEX_GRPC'], 'true');
  });

  hosted(pairing, 'M-17 K-12 multiplexing together with reattaching is refused', async (host) => {
    const { command: _, ...config } = await configOf(pairing);
    const reattach = {
      protocol: 'grpc',
      protocolVersion: 1,
      network: 'unix',
      address: '/nowhere',
      pid: process.pid,
      test: false,
    };
    await assert.rejects(async () => (await host.create({ ...config, reattach })).start(), /multiplex/i);
  });

  if (pairing.plugin !== 'go') return;
  for (const [items, line] of [
    ['H-24 field 7 missing', LINE],
    ['H-24 field 7 false', `${LINE}|false`],
    ['H-25 field 7 no boolean', `${LINE}|yes`],
  ] as const) {
    hosted(pairing, `${items}: the plugin is refused`, async (host) => {
      const client = await host.create(await configOf(pairing, { flags: { handshake: line } }));
      await assert.rejects(client.start(), /multiplex/i);
      await client.stop();
    });
  }
  for (const spelling of ['1', 't', 'T', 'TRUE', 'True']) {
    scenario(pairing, `H-25 field 7 may be ${spelling}`, async ({ client }) => client.ping(), {
      flags: { handshake: `${LINE}|${spelling}` },
    });
  }
}

/** What becomes of plugins whose host dies; needs a host in a process of its own. */
export function lostHostSuite(pairing: Pairing): void {
  hosted(pairing, 'M-16 the plugin ends when its host is killed', async (host) => {
    const client = await host.create(await configOf(pairing));
    const { id } = await client.start();
    await client.ping();
    process.kill(host.pid, 'SIGKILL');
    await untilGone(Number(id));
  });
}
