import type { CheckOptions } from 'rxplug/testing';
import { environmentOf } from './client-options.js';
import type { ProgramFlags } from './options.js';
import type { Target } from './resolve-target.js';

/** How `checkPlugin` starts the target. Throws UsageError. */
export function checkOptions(target: Target, flags: ProgramFlags): CheckOptions {
  const { command, cookieKey, cookieValue, versions } = target;
  const cwd = flags.cwd ?? target.cwd;
  const none = flags.hostEnv ? {} : Object.fromEntries(Object.keys(process.env).map((name) => [name, undefined]));
  return {
    command,
    handshake: { magicCookieKey: cookieKey, magicCookieValue: cookieValue },
    protocolVersions: versions,
    startTimeoutMs: flags.timeout,
    env: { ...none, ...environmentOf(target, flags) },
    ...(cwd === undefined ? {} : { cwd }),
  };
}
