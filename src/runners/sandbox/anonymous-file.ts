import { mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A file without a name, which a child process of the same user opens by a path as long as it is not closed. */
export interface AnonymousFile {
  readonly path: string;
  /** Never rejects. */
  close(): Promise<void>;
}

/** Makes a file that can only be read. Linux only. */
export async function anonymousFile(content: Uint8Array): Promise<AnonymousFile> {
  const directory = await mkdtemp(join(tmpdir(), 'rxplug-'));
  try {
    const file = await open(join(directory, 'file'), 'wx+', 0o400);
    try {
      await file.writeFile(content);
    } catch (error) {
      await file.close();
      throw error;
    }
    return { path: `/proc/${process.pid}/fd/${file.fd}`, close: () => file.close().catch(() => {}) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
