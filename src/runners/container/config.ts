import { existsSync } from 'node:fs';
import { OptionsError, StartError } from '../../errors.js';
import type { RunnerSpec } from '../runner.js';
import type { SharedDir } from './addresses.js';
import type { ContainerEngine } from './engine.js';
import { listOf } from './json.js';
import type { ContainerLimits, ContainerMount, ResolvedContainerOptions } from './options.js';

/** A label of every container that we create: the path of the socket directory in the container. */
export const SOCKET_DIR_LABEL = 'rxplug.socket-dir';

/** A label of every container that we create: the pid of the host. */
const HOST_LABEL = 'rxplug.host';

const SOCKET_DIR_VARIABLE = 'PLUGIN_UNIX_SOCKET_DIR';

/** The plugin's socket directory. Throws OptionsError when the host has made none, as on Windows. */
export function sharedDirOf(spec: RunnerSpec, options: ResolvedContainerOptions): SharedDir {
  const host = spec.socketDir;
  if (host === undefined)
    throw new OptionsError(
      'A plugin in a container needs a directory for unix sockets, which hosts on Windows do not have.',
    );
  return { host, container: options.socketDir === 'same' ? host : options.socketDir };
}

/**
 * Throws StartError ERR_SPAWN for a mount whose source does not exist. Docker refuses it as well, but podman creates an empty directory
 * there, on the host.
 */
export function checkMounts(mounts: readonly ContainerMount[]): void {
  const missing = mounts.find(({ source }) => !existsSync(source));
  if (missing === undefined) return;
  throw new StartError(
    'ERR_SPAWN',
    `${missing.source}, which is to be mounted at ${missing.target}, does not exist: correct the \`mounts\` option, or create it first.`,
  );
}

/** The body of `POST /containers/create` (Docker Engine API, ContainerCreate). */
export function containerConfig(
  spec: RunnerSpec,
  options: ResolvedContainerOptions,
  dir: SharedDir,
  user: string | undefined,
): object {
  const { image, command, workingDir, network, mounts, capabilities, readOnly, limits, labels } = options;
  const env = { ...options.env, ...spec.ownEnv, [SOCKET_DIR_VARIABLE]: dir.container };
  const socketMount: ContainerMount = { source: dir.host, target: dir.container, readOnly: false };
  return {
    Image: image,
    ...(command === undefined ? {} : { Entrypoint: [command[0]], Cmd: command.slice(1) }),
    Env: Object.entries(env).map(([name, value]) => `${name}=${value}`),
    ...(workingDir === undefined ? {} : { WorkingDir: workingDir }),
    ...(user === undefined ? {} : { User: user }),
    AttachStdin: false,
    AttachStdout: true,
    AttachStderr: true,
    Tty: false,
    Labels: { ...labels, [SOCKET_DIR_LABEL]: dir.container, [HOST_LABEL]: String(process.pid) },
    HostConfig: {
      NetworkMode: network,
      Mounts: [...mounts, socketMount].map(bindMount),
      CapDrop: ['ALL'],
      CapAdd: capabilities,
      SecurityOpt: ['no-new-privileges'],
      ReadonlyRootfs: readOnly,
      // The host reads the output; the engine keeps no copy.
      LogConfig: { Type: 'none' },
      RestartPolicy: { Name: 'no' },
      ...limitsOf(limits),
    },
  };
}

function bindMount({ source, target, readOnly = true }: ContainerMount): object {
  return { Type: 'bind', Source: source, Target: target, ReadOnly: readOnly };
}

function limitsOf({ memoryBytes, pids, cpus, openFiles, userProcesses }: Required<ContainerLimits>): object {
  const ulimits = [...ulimit('nofile', openFiles), ...ulimit('nproc', userProcesses)];
  return {
    ...(memoryBytes === null ? {} : { Memory: memoryBytes, MemorySwap: memoryBytes }),
    ...(pids === null ? {} : { PidsLimit: pids }),
    ...(cpus === null ? {} : { NanoCpus: Math.round(cpus * 1e9) }),
    ...(ulimits.length === 0 ? {} : { Ulimits: ulimits }),
  };
}

function ulimit(name: string, limit: number | null): object[] {
  return limit === null ? [] : [{ Name: name, Soft: limit, Hard: limit }];
}

/**
 * The default user of the plugin: the host's, so that both may use the socket directory. With a rootless engine the host's user is root
 * in the container.
 */
export async function defaultUser(
  engine: ContainerEngine,
  signal: AbortSignal,
  self: HostUser = { uid: process.getuid?.(), gid: process.getgid?.() },
): Promise<string | undefined> {
  const { uid, gid } = self;
  if (uid === undefined || gid === undefined) return undefined;
  if (uid === 0) return '0:0';
  const { body } = await engine.call('GET', '/info', { signal });
  const rootless = listOf(body, 'SecurityOptions').some((option) => String(option).includes('rootless'));
  return rootless ? '0:0' : `${uid}:${gid}`;
}

interface HostUser {
  readonly uid: number | undefined;
  readonly gid: number | undefined;
}
