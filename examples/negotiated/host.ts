import { fileURLToPath } from 'node:url';
import { createClient, HandshakeError } from 'rxplug';
import { handshake, versionedPlugins } from './contract.js';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
const command = [process.execPath, plugin] as const;

// Both ends list their versions; the highest common one is used.
{
  await using client = createClient({ command, handshake, versionedPlugins });
  await client.start();
  console.log(`host has 2 and 3, plugin has 1 and 2: version ${client.negotiatedVersion}`);
  // #region narrowed
  const { negotiated } = client;
  // Only version 3 has the probe, and the compiler knows.
  if (negotiated?.version === 3) await negotiated.dispense('probe');
  // What every version has.
  await client.dispense('kv');
  // #endregion narrowed
}

// Without a common version the start fails.
{
  await using client = createClient({ command, handshake, versionedPlugins: { 3: versionedPlugins[3] } });
  const error: unknown = await client.start().catch((reason: unknown) => reason);
  if (!(error instanceof HandshakeError)) throw error;
  console.log(`host has 3: ${error.code}, the plugin has chosen ${error.details.pluginVersion}`);
}
