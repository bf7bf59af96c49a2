import { existsSync } from 'node:fs';
import { OptionsError } from '../../errors.js';
import { MAX_TIMER_MS } from '../../wire/duration.js';

/** Where a container engine is, and how patient to be with it. */
export interface ContainerEngineOptions {
  /**
   * Path of the engine's unix socket. @default what DOCKER_HOST or CONTAINER_HOST names, else the first that is there of
   * /var/run/docker.sock, /run/podman/podman.sock and $XDG_RUNTIME_DIR/podman/podman.sock
   */
  readonly engine?: string;
  /** Bound of every request that does not wait for the container's end. @default 30 000 ms */
  readonly requestTimeoutMs?: number;
  /** How long a killed container may take to be gone. @default 10 000 ms */
  readonly killTimeoutMs?: number;
}

const REQUEST_TIMEOUT_MS = 30_000;
const KILL_TIMEOUT_MS = 10_000;

/** Checks and fills in the defaults. Throws OptionsError when no engine can be named. */
export function resolveEngineOptions(options: ContainerEngineOptions): Required<ContainerEngineOptions> {
  return {
    engine: options.engine ?? findEngine(process.env),
    requestTimeoutMs: duration('requestTimeoutMs', options.requestTimeoutMs ?? REQUEST_TIMEOUT_MS),
    killTimeoutMs: duration('killTimeoutMs', options.killTimeoutMs ?? KILL_TIMEOUT_MS),
  };
}

/** The socket of the engine that the environment names, or of one that is there. Throws OptionsError. */
export function findEngine(env: Readonly<Record<string, string | undefined>>): string {
  const named = env['DOCKER_HOST'] || env['CONTAINER_HOST'];
  if (named !== undefined && named !== '') {
    const path = /^unix:\/\/(\/.+)$/.exec(named)?.[1];
    if (path !== undefined) return path;
    throw new OptionsError(
      `DOCKER_HOST or CONTAINER_HOST names the engine ${JSON.stringify(named)}, expected unix:///path: plugins need an engine of this machine. ` +
        'Give the `engine` option.',
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
