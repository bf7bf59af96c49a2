import { type ChildProcess, execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createReadStream, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import { REPOSITORY } from '../../conformance/build-go.js';
import { within } from '../defer.js';

/** The home of the other user over there, and Node. */
export const FAR_HOME = '/tmp/home';
export const FAR_NODE = '/run/bin/node';

/**
 * Why there can be no sshd here. With RXPLUG_SSHD=required, which CI sets after installing it, that is an error. For the options of a test.
 */
export function needsSshd(): { readonly skip: string | false } {
  const missing = missingSshd();
  if (missing !== false && process.env['RXPLUG_SSHD'] === 'required') throw new Error(missing);
  return { skip: missing };
}

function missingSshd(): string | false {
  if (process.platform !== 'linux') return 'sshd is tested on Linux only.';
  if (process.getuid?.() !== 0) return 'Only root can run an sshd for other users: plugins over ssh are not tested.';
  if (spawnSync('sh', ['-c', 'command -v sshd ssh ssh-keygen']).status !== 0)
    return 'sshd is not installed (apt-get install openssh-server openssh-client): plugins over ssh are not tested.';
  const { status, stderr } = spawnSync('unshare', ['--mount', '--pid', '--fork', '--mount-proc', 'true']);
  return status === 0 ? false : `sshd cannot have namespaces of its own here: ${stderr.toString().trim()}`;
}

/**
 * Another machine, as far as one can be had: an sshd with a user, processes, /tmp and /run of its own, without the files of the test and of
 * this repository. Everything of it ends with it.
 */
const START = `
set -e
mount -t tmpfs -o mode=755 tmpfs /run
mkdir /run/sshd /run/bin && touch ${FAR_NODE} && mount --bind "$2" ${FAR_NODE}
cp -r "$1" /run/far && chmod 755 /run/far
for file in passwd group shadow; do mount --bind "/run/far/$file" "/etc/$file"; done
cd /
mount -t tmpfs tmpfs "$3"
mount -t tmpfs -o mode=1777 tmpfs /tmp
mkdir -m 700 ${FAR_HOME} && chown far:far ${FAR_HOME}
exec "$(command -v sshd)" -D -e -f /run/far/sshd_config
`;

const UID = 54_321;

export class SshMachine implements AsyncDisposable {
  /** Runs a command over there, whose words a shell over there splits. */
  readonly carrier: readonly ['ssh', ...string[]];
  readonly port: number;
  readonly #directory: string;
  readonly #sshd: ChildProcess;

  private constructor(directory: string, port: number, sshd: ChildProcess) {
    this.#directory = directory;
    this.port = port;
    this.#sshd = sshd;
    this.carrier = this.carrierWith();
  }

  static async start(): Promise<SshMachine> {
    const directory = mkdtempSync(join(tmpdir(), 'ssh'));
    const port = await freePort();
    await prepare(directory, port);
    const args = ['--mount', '--pid', '--fork', '--kill-child', '--mount-proc', 'sh', '-c', START, 'sh'];
    const stdio = ['ignore', 'ignore', 'pipe'] as const;
    const sshd = spawn('unshare', [...args, join(directory, 'far'), process.execPath, REPOSITORY], {
      stdio: [...stdio],
    });
    await untilListening(sshd);
    return new SshMachine(directory, port, sshd);
  }

  /** The same with options of ssh, such as `Port=1`; `host`: `far`, or `stranger`, whose key is not known over there. */
  carrierWith(options: readonly string[] = [], host = 'far'): ['ssh', ...string[]] {
    const flags = options.flatMap((option) => ['-o', option]);
    return ['ssh', '-F', join(this.#directory, 'ssh_config'), ...flags, host];
  }

  /** Copies a file into the home over there, and returns its path. */
  async copy(file: string, name: string): Promise<string> {
    const path = `${FAR_HOME}/${name}`;
    const [ssh, ...args] = this.carrier;
    const copying = spawn(ssh, [...args, `cat > ${path} && chmod 700 ${path}`], {
      stdio: ['pipe', 'ignore', 'inherit'],
    });
    const ended = once(copying, 'exit');
    await pipeline(createReadStream(file), copying.stdin!);
    const [code] = (await within(60_000, `the copy of ${name}`, ended)) as [number | null];
    if (code !== 0) throw new Error(`ssh could not copy ${file}: code ${code}`);
    return path;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#sshd, 'exit');
    this.#sshd.kill('SIGKILL');
    await within(20_000, 'the end of sshd', ended);
    rmSync(this.#directory, { recursive: true });
  }
}

/** Makes keys and settings: in `far` those of sshd, beside it those of ssh. */
async function prepare(directory: string, port: number): Promise<void> {
  const at = (name: string): string => join(directory, name);
  mkdirSync(at('far'));
  const keys = ['far/host_key', 'key', 'other_key'];
  const make = (name: string) =>
    promisify(execFile)('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', '', '-f', at(name)]);
  await Promise.all(keys.map(make));
  const [hostKey, key] = ['far/host_key.pub', 'key.pub'].map((name) => readFileSync(at(name), 'utf8'));
  const user = (file: string, line: string): void => {
    const others = readFileSync(`/etc/${file}`, 'utf8').replace(/^far:.*\n/m, '');
    writeFileSync(at(`far/${file}`), `${others}${line}\n`, { mode: file === 'shadow' ? 0o600 : 0o644 });
  };
  user('passwd', `far:x:${UID}:${UID}::${FAR_HOME}:/bin/sh`);
  user('group', `far:x:${UID}:`);
  user('shadow', 'far:*:19000:0:99999:7:::');
  writeFileSync(at('far/authorized_keys'), key!);
  writeFileSync(at('known_hosts'), `far ${hostKey}`);
  writeFileSync(
    at('far/sshd_config'),
    `Port ${port}\nListenAddress 127.0.0.1\nHostKey /run/far/host_key\nAuthorizedKeysFile /run/far/authorized_keys\n` +
      'AuthenticationMethods publickey password\nKbdInteractiveAuthentication no\nUsePAM no\nPidFile none\n',
  );
  const host = (name: string, keyFile: string): string =>
    `Host ${name}\n  HostName 127.0.0.1\n  HostKeyAlias far\n  Port ${port}\n  User far\n  IdentityFile ${at(keyFile)}\n  IdentitiesOnly yes\n` +
    `  UserKnownHostsFile ${at('known_hosts')}\n  GlobalKnownHostsFile none\n`;
  writeFileSync(at('ssh_config'), host('far', 'key') + host('stranger', 'other_key'));
}

async function untilListening(sshd: ChildProcess): Promise<void> {
  const listening = new Promise<void>((resolve, reject) => {
    let said = '';
    sshd.stderr?.on('data', (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-10_000);
      if (said.includes('Server listening')) resolve();
    });
    sshd.once('error', reject);
    sshd.once('exit', (code) => reject(new Error(`sshd ended with ${code}: ${said}`)));
  });
  await within(20_000, 'the start of sshd', listening);
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}
