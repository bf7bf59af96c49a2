import assert from 'node:assert/strict';
import type { HostConfig } from '../driver.js';
import { can, configOf, hosted, isNetRpc, type Pairing, type Scene, scenario } from './pairing.js';

/** Which versions the two sides settle on. */
export function negotiationSuite(pairing: Pairing): void {
  const protocol = pairing.config?.protocol ?? 'grpc';
  const offers = (...versions: readonly number[]) => versions.map((version) => `${version}=${protocol}`).join();
  const wants = (...versions: readonly number[]) => Object.fromEntries(versions.map((version) => [version, protocol]));

  for (const [offered, expected] of [
    [[3, 5, 11], 5],
    [[11, 3], 3],
    [[5, 7], 5],
  ] as const) {
    scenario(
      pairing,
      `P-07 H-03 the highest common version is chosen: ${offered.join()} and 5,3,4`,
      async ({ started, probe }) => {
        assert.equal(started.version, expected);
        assert.equal((await (await probe()).describe()).version, expected);
      },
      { flags: { versions: offers(5, 3, 4) }, config: { versions: wants(...offered) } },
    );
  }

  if (can(pairing, 'netrpc') && !isNetRpc(pairing)) bothProtocols(pairing);

  hosted(pairing, 'P-08 H-17 without a common version the host refuses the lowest one', async (host) => {
    const config: Partial<HostConfig> = { versions: wants(3, 5, 11) };
    const client = await host.create(await configOf(pairing, { flags: { versions: offers(6, 4) }, config }));
    await assert.rejects(client.start(), (error: Error) => {
      for (const version of [4, 3, 5, 11]) assert.match(error.message, new RegExp(`\\b${version}\\b`));
      return true;
    });
  });

  scenario(
    pairing,
    'H-03 the base version of a plain set is offered',
    async ({ started, probe }) => {
      assert.equal(started.version, 9);
      const { env } = await (await probe()).describe();
      assert.equal(env['PLUGIN_PROTOCOL_VERSIONS'], '9');
    },
    { flags: { 'app-version': 9 }, config: { appVersion: 9 } },
  );
}

/** Each version has a protocol of its own; either end may know more versions than the other. */
function bothProtocols(pairing: Pairing): void {
  const both = { 3: 'netrpc', 5: 'grpc' } as const;
  for (const version of [3, 5] as const) {
    const protocol = both[version];
    const speaks = async ({ started, client, probe }: Scene) => {
      assert.deepEqual([started.version, started.protocol], [version, protocol]);
      assert.equal((await (await probe()).describe()).version, version);
      await client.ping();
    };
    scenario(
      pairing,
      `P-10 version ${version} of a plugin that speaks both protocols is spoken over ${protocol}`,
      speaks,
      { flags: { versions: '3=netrpc,5=grpc' }, config: { versions: { [version]: protocol } } },
    );
    scenario(
      pairing,
      `P-10 a host that speaks both protocols speaks ${protocol} with a plugin of version ${version}`,
      speaks,
      { flags: { versions: `${version}=${protocol}` }, config: { versions: both } },
    );
  }
}

/** What the host gives to the plugin's process. */
export function environmentSuite(pairing: Pairing): void {
  const protocol = pairing.config?.protocol ?? 'grpc';
  scenario(
    pairing,
    'H-01 H-02 H-03 H-04 H-05 the environment says what the host wants, and no more',
    async ({ probe }) => {
      const { env } = await (await probe()).describe();
      assert.equal(env['RXPLUG_CONFORMANCE'], 'hello');
      assert.deepEqual([env['PLUGIN_MIN_PORT'], env['PLUGIN_MAX_PORT']], ['10000', '25000']);
      assert.deepEqual(env['PLUGIN_PROTOCOL_VERSIONS']?.split(',').sort(), ['1', '12', '3']);
      assert.equal(env['PLUGIN_MULTIPLEX_GRPC'], undefined);
      assert.equal(
        (env['PLUGIN_CLIENT_CERT'] ?? '').startsWith('-----BEGIN CERTIFICATE-----\n'),
        pairing.config?.autoMtls === true,
      );
    },
    { config: { versions: { 12: protocol, 3: protocol, 1: protocol } } },
  );

  scenario(
    pairing,
    'H-07 with skipHostEnv nothing of the host reaches the plugin',
    async ({ probe }) => {
      const { env } = await (await probe()).describe();
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
