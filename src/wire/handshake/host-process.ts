/** The process of a host, which plugins get in the environment so that they can watch it, also from behind a wrapper. */
export interface HostProcess {
  readonly pid: number;
  /** When the process was started, in the system's units; unknown on Windows. */
  readonly startTime?: string;
  /** The boot of the machine, on Linux: pids and start times begin anew with each. */
  readonly bootId?: string;
  /** The namespace that the pid belongs to, on Linux. */
  readonly pidNamespace?: string;
  /** The magic cookie of the start, as `key=value`: a plugin with another one was started by another host, which inherited this. */
  readonly cookie: string;
}

/** A HostProcess as the value of an environment variable: JSON. */
export function formatHostProcess(host: HostProcess): string {
  return JSON.stringify(host);
}

/** The HostProcess of an environment variable; undefined for anything else. Never throws. */
export function parseHostProcess(text: string | undefined): HostProcess | undefined {
  const value = jsonOf(text);
  if (typeof value !== 'object' || value === null) return undefined;
  const { pid, startTime, bootId, pidNamespace, cookie } = value as Partial<Record<keyof HostProcess, unknown>>;
  if (typeof pid !== 'number' || !Number.isSafeInteger(pid) || pid <= 0 || typeof cookie !== 'string') return undefined;
  return {
    pid,
    cookie,
    ...(typeof startTime === 'string' ? { startTime } : {}),
    ...(typeof bootId === 'string' ? { bootId } : {}),
    ...(typeof pidNamespace === 'string' ? { pidNamespace } : {}),
  };
}

function jsonOf(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
