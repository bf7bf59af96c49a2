import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { handshake, plugins } from '../../examples/basic/contract.js';
import { type ClientOptions, createClient } from '../../src/index.js';
import { within } from '../support/defer.js';

/** A mistake that people make, and the whole message that it has. */
export interface Mistake {
  readonly mistake: string;
  /** Makes it; the result is what failed, or the promise of it. */
  readonly make: () => unknown;
  readonly message: string;
  /** A part of the message that differs from one system to the next. */
  readonly varies?: RegExp;
  readonly skip?: string | boolean;
}

/** Where the files of the mistakes are. Short and without links, as it stands in messages. */
export const directory = realpathSync(mkdtempSync(join(tmpdir(), 'm-')));
after(() => rmSync(directory, { recursive: true, force: true }));

const root = fileURLToPath(new URL('../../', import.meta.url));

/** A file in the directory; returns its path. Its imports of `rxplug` and `contract` are those of this repository. */
export function file(name: string, text: string | Uint8Array, mode = 0o644): string {
  const path = join(directory, name);
  mkdirSync(dirname(path), { recursive: true });
  const code =
    typeof text === 'string'
      ? text.replaceAll(/'(rxplug|contract|kv-contract)'/g, (_, what) => `'${moduleOf(what)}'`)
      : text;
  writeFileSync(path, code, { mode });
  return path;
}

function moduleOf(what: string): string {
  if (what === 'rxplug') return `${root}src/index.js`;
  return `${root}examples/${what === 'contract' ? 'basic' : 'grpc-kv'}/contract.js`;
}

const SERVE = `
import { implement, serve } from 'rxplug';
import { handshake, plugins } from 'contract';
const greet = ({ name }) => ({ greeting: name });
`;

/** A plugin whose program is this text, after the imports that it needs. */
export function program(name: string, text: string): [string, string] {
  return [process.execPath, file(name, SERVE + text)];
}

/** What is needed to serve well. */
export const WELL = 'await serve({ handshake, plugins: { greeter: implement(plugins.greeter, { greet }) } });\n';

export function clientOf(options: Partial<ClientOptions> | object) {
  return createClient({ handshake, plugins, ...options } as ClientOptions<typeof plugins>);
}

/** Starts a client that cannot start. */
export async function start(options: object): Promise<never> {
  const client = clientOf(options);
  try {
    await client.start();
  } finally {
    await client.stop();
  }
  throw new Error('it has started');
}

/** Uses a client that runs. */
export async function using<T>(options: object, use: (client: ReturnType<typeof clientOf>) => Promise<T>): Promise<T> {
  await using client = clientOf(options);
  await client.start();
  return await use(client);
}

/** One test for each mistake: the whole message, but for what differs from one machine or run to the next. */
export function testMistakes(mistakes: readonly Mistake[]): void {
  for (const { mistake, make, message, varies, skip = false } of mistakes)
    test(mistake, { skip }, async () => {
      const error: unknown = await within(60_000, 'the failure', attempt(make)).then(
        () => assert.fail('it has not failed'),
        (thrown: unknown) => thrown,
      );
      if (!(error instanceof Error)) throw new Error(`thrown: ${String(error)}`);
      if (error instanceof assert.AssertionError) throw error;
      const said = general(error.message);
      assert.equal(varies === undefined ? said : said.replace(varies, '…'), message);
    });
}

async function attempt(make: () => unknown): Promise<unknown> {
  return await make();
}

/** The message without what differs. */
function general(message: string): string {
  return message
    .replaceAll(directory, '<dir>')
    .replaceAll(process.execPath, '<node>')
    .replaceAll(root, '<root>/')
    .replaceAll(process.version, '<version>')
    .replaceAll(/\b(pid|process) \d+/g, '$1 <pid>')
    .replaceAll(/\b[0-9a-f]{64}\b/g, '<sha256>');
}
