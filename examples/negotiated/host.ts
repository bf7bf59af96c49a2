import { fileURLToPath } from 'node:url';
import { createClient, HandshakeError } from 'rxplug';
import { handshake, versionedPlugins } from './contract.js';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
const command = [process.execPath, plugin] as const;

// Both ends list what they know; the highest that both know is taken.
{
  await using client = createClient({ command, handshake, versionedPlugins });
  await client.start();
  console.log(`host knows 2 and 3, plugin knows 1 and 2: version ${client.negotiatedVersion} it is`);
  await client.dispense('kv');
}

// Nothing in common: the host says so before anything is called.
{
  await using client = createClient({ command, handshake, versionedPlugins: { 3: versionedPlugins[3] } });
  const error: unknown = await client.start().catch((reason: unknown) => reason);
  if (!(error instanceof HandshakeError)) throw error;
  console.log(`host knows 3 only: ${error.code}, the plugin speaks ${error.details.pluginVersion}`);
}
