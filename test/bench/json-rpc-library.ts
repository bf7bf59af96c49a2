import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { testEnv } from '../fixtures/fixture.js';
import { withCertificates } from '../support/extra-certificates.js';

const PACKAGE = 'vscode-jsonrpc@8.2.1';

export interface InstalledLibrary extends AsyncDisposable {
  /** The file to import. */
  readonly path: string;
}

/** Installs vscode-jsonrpc in a project of its own; undefined, with a message, where that is not possible. */
export async function installJsonRpc(): Promise<InstalledLibrary | undefined> {
  const directory = mkdtempSync(join(tmpdir(), 'b-'));
  const dispose = async () => rmSync(directory, { recursive: true, force: true });
  writeFileSync(join(directory, 'package.json'), '{"private":true}');
  try {
    const options = { cwd: directory, env: withCertificates(testEnv()), timeout: 60_000 };
    await promisify(execFile)('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts', PACKAGE], options);
    return { path: join(directory, 'node_modules/vscode-jsonrpc/node.js'), [Symbol.asyncDispose]: dispose };
  } catch (error) {
    console.error(`${PACKAGE} could not be installed, and has no row: ${String(error).slice(0, 200)}`);
    await dispose();
    return undefined;
  }
}
