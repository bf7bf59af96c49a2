import { existsSync } from 'node:fs';
import { OptionsError } from '../../errors.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';

/** How a container engine is reached. */
export interface ContainerEngineOptions {
  /**
   * Path of the engine's unix socket. @default that of DOCKER_HOST or CONTAINER_HOST, else the first that exists of
   * /var/run/docker.sock, /run/podman/podman.sock and $XDG_RUNTIME_DIR/podman/podman.sock
   */
  readonly engine?: string;
  /** Time limit of a request, in milliseconds, except for waiting for the container's exit. @default 30 000 */
  readonly requestTimeoutMs?: number;
  /** How long a killed container may take to exit, in milliseconds. @default 10 000 */
  readonly killTimeoutMs?: number;
}

const REQUEST_TIMEOUT_MS = 30_000;
const KILL_TIMEOUT_MS = 10_000;

/** Validates the options and fills in defaults. Throws OptionsError when there is no engine. */
export function resolveEngineOptions(options: ContainerEngineOptions): Required<ContainerEngineOptions> {
  return {
    engine: options.engine ?? findEngine(process.env),
    requestTimeoutMs: duration('requestTimeoutMs', options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS),
    killTimeoutMs: duration('killTimeoutMs', options.killTimeoutMs ?? KILL_TIMEOUT_MS),
  };
}

/** The socket of the engine in the environment, or of one in the usual places. Throws OptionsError. */
export function findEngine(env: Readonly<Record<string, string | undefined>>): string {
  const named = env['DOCKER_HOST'] || env['CONTAINER_HOST'];
  if (named !== undefined && named !== '') {
    const path = /^unix:\/\/(\/.+)$/.exec(named)?.[1];
    if (path !== undefined) return path;
    throw new OptionsError(
      `DOCKER_HOST or CONTAINER_HOST names the engine ${JSON.stringify(named)}, expected unix:///path: plugins need an engine on this machine. ` +
        'Set the `engine` option.',
    );
  }
  const runtimeDir = env['XDG_RUNTIME_DIR'];
  const candidates = ['/var/run/docker.sock', '/run/podman/podman.sock'];
  if (runtimeDir) candidates.push(`${runtimeDir}/podman/podman.sock`);
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new OptionsError(
    `No container engine was found (${candidates.join(', ')}): start one, for instance with \`podman system service\`, or give the path of ` +
      'its socket as the `engine` option.',
  );
}

function duration(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value > 0 && value <= MAX_TIMER_MS) return value;
  throw new OptionsError(`Expected the \`${name}\` option to be a positive integer below 2^31, got ${String(value)}.`);
}
