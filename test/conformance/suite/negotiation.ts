import assert from 'node:assert/strict';
import type { HostConfig } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { can, configOf, hosted, type Pairing, scenario } from './pairing.js';

/** Which versions the two sides settle on. */
export function negotiationSuite(pairing: Pairing): void {
  const both = { 3: 'grpc', 5: 'grpc', 11: 'grpc' } as const;

  for (const [offered, expected] of [
    [[3, 5, 11], 5],
    [[11, 3], 3],
    [[5, 7], 5],
  ] as const) {
    const versions = Object.fromEntries(offered.map((version) => [version, 'grpc' as const]));
    scenario(
      pairing,
      `P-07 H-03 the highest common version is chosen: ${offered.join()} and 5,3,4`,
      async ({ started, dispense }) => {
        assert.equal(started.version, expected);
        const probe = await dispense('probe');
        assert.equal((await probe.invoke(ProbeDefinition, 'describe', {})).message.version, expected);
      },
      { flags: { versions: '5=grpc,3=grpc,4=grpc' }, config: { versions } },
    );
  }

  if (can(pairing, 'netrpc')) {
    const flags = { versions: '3=netrpc,5=grpc' };
    for (const [version, protocol] of [
      [3, 'netrpc'],
      [5, 'grpc'],
    ] as const) {
      const config = { versions: { [version]: protocol } };
      const name = `P-10 version ${version} of a plugin that speaks both protocols is spoken over ${protocol}`;
      scenario(
        pairing,
        name,
        async ({ started, client }) => {
          assert.deepEqual([started.version, started.protocol], [version, protocol]);
          await client.ping();
        },
        { flags, config },
      );
    }
  }

  hosted(pairing, 'P-08 H-17 without a common version the host refuses the lowest one', async (host) => {
    const config: Partial<HostConfig> = { versions: both };
    const client = await host.create(await configOf(pairing, { flags: { versions: '6=grpc,4=grpc' }, config }));
    await assert.rejects(client.start(), (error: Error) => {
      for (const version of [4, 3, 5, 11]) assert.match(error.message, new RegExp(`\\b${version}\\b`));
      return true;
    });
  });

  scenario(
    pairing,
    'H-03 the base version of a plain set is offered',
    async ({ started, dispense }) => {
      assert.equal(started.version, 9);
      const probe = await dispense('probe');
      const { env } = (await probe.invoke(ProbeDefinition, 'describe', {})).message;
      assert.equal(env['PLUGIN_PROTOCOL_VERSIONS'], '9');
    },
    { flags: { 'app-version': 9 }, config: { appVersion: 9 } },
  );
}

/** What the host gives to the plugin's process. */
export function environmentSuite(pairing: Pairing): void {
  scenario(
    pairing,
    'H-01 H-02 H-03 H-04 H-05 the environment says what the host wants, and no more',
    async ({ dispense }) => {
      const { env } = (await (await dispense('probe')).invoke(ProbeDefinition, 'describe', {})).message;
      assert.equal(env['RXPLUG_CONFORMANCE'], 'hello');
      assert.deepEqual([env['PLUGIN_MIN_PORT'], env['PLUGIN_MAX_PORT']], ['10000', '25000']);
      assert.deepEqual(env['PLUGIN_PROTOCOL_VERSIONS']?.split(',').sort(), ['1', '12', '3']);
      assert.equal(env['PLUGIN_MULTIPLEX_GRPC'], undefined);
      assert.equal(
        (env['PLUGIN_CLIENT_CERT'] ?? '').startsWith('-----BEGIN CERTIFICATE-----\n'),
        pairing.config?.autoMtls === true,
      );
    },
    { config: { versions: { 12: 'grpc', 3: 'grpc', 1: 'grpc' } } },
  );

  scenario(
    pairing,
    'H-07 with skipHostEnv nothing of the host reaches the plugin',
    async ({ dispense }) => {
      const { env } = (await (await dispense('probe')).invoke(ProbeDefinition, 'describe', {})).message;
      const foreign = Object.keys(env).filter((name) => !/^(PLUGIN_|RXPLUG_|TMPDIR$)/.test(name));
      assert.deepEqual(foreign, []);
      assert.equal(env['RXPLUG_OWN'], 'yes');
    },
    { config: { skipHostEnv: true, env: { RXPLUG_OWN: 'yes', ...mark() } } },
  );
}

/** Keeps the test run's own variables, by which leftovers are found, in an environment that is otherwise empty. */
function mark(): Record<string, string> {
  const { RXPLUG_TEST_RUN, TMPDIR } = process.env;
  return { ...(RXPLUG_TEST_RUN === undefined ? {} : { RXPLUG_TEST_RUN }), ...(TMPDIR === undefined ? {} : { TMPDIR }) };
}
