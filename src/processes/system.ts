import { readFileSync, readlinkSync } from 'node:fs';

/** What pids and start times are relative to; both are known on Linux only. */
export interface ProcessSystem {
  /** The boot of the machine. */
  readonly bootId?: string;
  /** The pid namespace of this process. */
  readonly pidNamespace?: string;
}

/** It does not change while this process runs, and is asked for several times in every start of a plugin. */
let own: ProcessSystem | undefined;

/** The system that this process runs in. Never throws. */
export function readSystem(platform: NodeJS.Platform = process.platform): ProcessSystem {
  if (platform !== 'linux') return {};
  own ??= readLinux();
  return own;
}

function readLinux(): ProcessSystem {
  const bootId = textOr(() => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim());
  const pidNamespace = textOr(() => readlinkSync('/proc/self/ns/pid'));
  return { ...(bootId === '' ? {} : { bootId }), ...(pidNamespace === '' ? {} : { pidNamespace }) };
}

function textOr(read: () => string): string {
  try {
    return read();
  } catch {
    return '';
  }
}
