import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage } from '../../errors.js';
import { type ReattachConfig, resolveReattachConfig } from '../../wire/handshake/reattach-config.js';
import type { SidecarOptions } from './sidecar.js';

/** A plugin that a sidecar has published. */
export interface PublishedPlugin {
  /** Another one for each process. */
  readonly generation: string;
  /** The folder as the sidecar sees it: the prefix of the paths that the plugin announces. */
  readonly directory: string;
  /** With the path of the socket as this host sees it. */
  readonly reattach: ReattachConfig;
}

/** What stands in the folder. */
export type Publication =
  | { readonly status: 'missing' }
  | { readonly status: 'unusable'; readonly why: string }
  | { readonly status: 'published'; readonly plugin: PublishedPlugin };

/** The format that is understood. */
const FORMAT = 1;
const MAX_BYTES = 65_536;

export function sidecarFile({ directory, name }: SidecarOptions): string {
  return join(directory, `${name}.json`);
}

/** Reads what a sidecar has published. Never rejects. */
export async function readPublication(options: SidecarOptions): Promise<Publication> {
  try {
    return { status: 'published', plugin: parse(await contentOf(sidecarFile(options)), options.directory) };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { status: 'missing' };
    return { status: 'unusable', why: errorMessage(error) };
  }
}

async function contentOf(path: string): Promise<string> {
  // A pipe would not be opened before somebody writes to it.
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  try {
    const { bytesRead, buffer } = await file.read(Buffer.alloc(MAX_BYTES), 0, MAX_BYTES, 0);
    return buffer.toString('utf8', 0, bytesRead);
  } finally {
    await file.close();
  }
}

function parse(text: string, here: string): PublishedPlugin {
  const content: unknown = JSON.parse(text);
  if (typeof content !== 'object' || content === null || !('sidecar' in content) || content.sidecar !== FORMAT)
    throw new Error(`expected an object with \`sidecar: ${FORMAT}\``);
  const { generation, directory, reattach } = content as Partial<PublishedPlugin>;
  if (typeof generation !== 'string' || typeof directory !== 'string' || typeof reattach !== 'object')
    throw new Error('expected `generation`, `directory` and `reattach`');
  const config = resolveReattachConfig(reattach);
  const address = config.network === 'unix' ? movedPath(config.address, directory, here) : config.address;
  // A process id of another container would be that of anybody here.
  const { pid: _pid, startTime: _startTime, ...portable } = config;
  return { generation, directory, reattach: { ...portable, address, ends: false } };
}

/** A path below one folder as the same path below another; any other path as it is. */
export function movedPath(path: string, from: string, to: string): string {
  return path.startsWith(`${from}/`) ? join(to, path.slice(from.length)) : path;
}
