import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { filter, firstValueFrom } from 'rxjs';
import { createClient, type TlsConfig } from 'rxplug';
import { selfSignedAuthority } from 'rxplug/grpc';
import { plugins } from '../basic/contract.js';

/** Starts the plugin as a service of its own, as another machine would, with the certificates of both ends. */
async function startService(directory: string) {
  const [own, hosts] = await Promise.all([selfSignedAuthority().issue(), selfSignedAuthority().issue()]);
  writeFileSync(join(directory, 'tls.crt'), own.certificatePem);
  writeFileSync(join(directory, 'tls.key'), own.keyPem);
  writeFileSync(join(directory, 'ca.crt'), hosts.certificatePem);
  const program = fileURLToPath(new URL('plugin.js', import.meta.url));
  const env = { ...process.env, GREETER_LISTEN: 'localhost:0', GREETER_TLS: directory };
  const service = spawn(process.execPath, [program], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(service.stdout, 'data')) as [Buffer];
  const tls: TlsConfig = { ca: own.certificatePem, cert: hosts.certificatePem, key: hosts.keyPem };
  return { service, address: line.toString().trim().replace('listening at ', ''), tls };
}

const directory = mkdtempSync(join(tmpdir(), 'endpoint-'));
const { service, address, tls } = await startService(directory);
// #region host
const client = createClient({ endpoint: { address, version: 1, tls }, plugins });
await client.start();
const greeter = await client.dispense('greeter');
console.log((await firstValueFrom(greeter.greet({ name: 'Ada' }))).greeting);
// #endregion host
// #region told
const ending$ = client.state$.pipe(filter((state) => state.status === 'running' && state.notServing === true));
// #endregion told
const told = firstValueFrom(ending$);
service.kill('SIGTERM');
await told;
console.log('the service is about to end');
const [code] = (await once(service, 'exit')) as [number];
console.log(`the service has ended with code ${code}`);
await client.stop();
rmSync(directory, { recursive: true });
