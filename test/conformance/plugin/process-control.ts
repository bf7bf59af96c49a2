import { fstatSync } from 'node:fs';
import { type Logger, type LogLevel, pluginLogger } from 'rxplug';
import { CrashRequest_Kind as Kind, WriteRequest_Stream as Stream } from '../gen/probe.js';

type Write = (data: Uint8Array) => Promise<void>;

/** What a probe can do to the process it runs in. Make it before serving: it keeps hold of the real streams. */
export class ProcessControl {
  readonly logger: Logger = pluginLogger();
  readonly #real = { [Stream.REAL_STDOUT]: writer(process.stdout), [Stream.REAL_STDERR]: writer(process.stderr) };

  log(level: string, name: string, message: string, fields: Readonly<Record<string, unknown>>): void {
    const logger = name === '' ? this.logger : this.logger.named(name);
    logger[level as LogLevel](message, fields);
  }

  async write(stream: Stream, data: Uint8Array, times: number): Promise<void> {
    const write = this.#writeOf(stream);
    for (let i = 0; i < Math.max(times, 1); i++) await write(data);
  }

  /** Ends the process, outside the caller's stack so that nothing catches it. */
  crash(kind: Kind, exitCode: number, message: string): void {
    if (kind === Kind.EXIT) process.exit(exitCode);
    if (kind === Kind.KILL) process.kill(process.pid, 'SIGKILL');
    setImmediate(() => {
      throw new Error(message);
    });
  }

  #writeOf(stream: Stream): Write {
    if (stream === Stream.REAL_STDOUT || stream === Stream.REAL_STDERR) return this.#real[stream];
    // Looked up now: while serving, these are the captured ones.
    return writer(stream === Stream.STDERR ? process.stderr : process.stdout);
  }
}

/** Device and inode of descriptor 0, as `device:inode`. */
export function stdinIdentity(): string {
  const { dev, ino } = fstatSync(0);
  return `${dev}:${ino}`;
}

function writer(stream: NodeJS.WriteStream): Write {
  const write = stream.write.bind(stream);
  return (data) =>
    new Promise((resolve, reject) => {
      write(data, (error) => (error instanceof Error ? reject(error) : resolve()));
    });
}
