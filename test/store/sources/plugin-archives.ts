import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { create } from 'tar';

/** A folder that is removed after the test. */
export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'store-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/** Writes an archive of the plugin acme/kv into a folder, with data if there is to be some, and returns its file name. */
export async function writeArchive(
  folder: string,
  version: string,
  platform: string,
  { name = 'acme/kv', data }: { readonly name?: string; readonly data?: Buffer } = {},
): Promise<string> {
  const content = mkdtempSync(join(tmpdir(), 'content-'));
  try {
    const manifest = { manifestVersion: 1, name, version, run: { [platform]: ['./kv'] } };
    writeFileSync(join(content, 'rxplug.plugin.json'), JSON.stringify(manifest));
    writeFileSync(join(content, 'kv'), `#!/bin/sh\n# ${version} ${platform}\n`, { mode: 0o755 });
    if (data !== undefined) writeFileSync(join(content, 'data'), data);
    const fileName = `${name.split('/').at(-1)}_${version}_${platform}.tgz`;
    await create({ gzip: true, file: join(folder, fileName), cwd: content }, [
      'rxplug.plugin.json',
      'kv',
      ...(data === undefined ? [] : ['data']),
    ]);
    return fileName;
  } finally {
    rmSync(content, { recursive: true, force: true });
  }
}
