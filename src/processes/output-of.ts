/** How long a program may take, and how much it may print. */
export interface OutputOptions {
  readonly timeoutMs: number;
  /** @default 1 MiB */
  readonly maxBytes?: number;
}

/**
 * What a program prints to its stdout; empty or cut when it fails. Never rejects. Its locale and time zone are fixed, so that outputs can
 * be compared. `node:child_process` is loaded on first use: a plugin on Linux does not need it.
 */
export async function outputOf(
  file: string,
  args: readonly string[],
  { timeoutMs, maxBytes = 1 << 20 }: OutputOptions,
): Promise<string> {
  const { execFile } = await import('node:child_process');
  const env = { ...process.env, LC_ALL: 'C', TZ: 'UTC' };
  const options = { timeout: timeoutMs, maxBuffer: maxBytes, env, windowsHide: true };
  return new Promise((resolve) => {
    try {
      execFile(file, [...args], options, (_error, stdout) => resolve(stdout));
    } catch {
      // Some failures to start a process are thrown: E2BIG, of an environment that is too long.
      resolve('');
    }
  });
}
