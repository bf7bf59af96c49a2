import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { YamuxOptions } from '../../../src/transports/yamux/options.js';
import { createYamuxSession, type YamuxRole, type YamuxSession } from '../../../src/transports/yamux/session.js';
import { buildGo } from '../../conformance/build-go.js';
import { within } from '../../support/defer.js';

export const MODULE = 'test/interop/yamux/go';
const LIMIT_MS = 120_000;

/** A process of the real hashicorp/yamux that plays one scenario (test/interop/yamux/go/peer). */
export interface GoPeer extends AsyncDisposable {
  /** The accepted connection to it; whoever runs a session on it owns it. */
  readonly socket: Socket;
  readonly process: ChildProcess;
  /** The line of JSON that the scenario ended with. Rejects with the process's stderr when it failed. */
  result(): Promise<Record<string, unknown>>;
}

/** Starts a peer that takes the given yamux role. `flags` as `peer -help` says them. */
export async function startGoPeer(
  role: YamuxRole,
  scenario: readonly (string | number)[],
  flags: readonly string[] = [],
): Promise<GoPeer> {
  const directory = await buildGo(MODULE, ['peer']);
  const sockets = mkdtempSync(join(tmpdir(), 'yg-'));
  const server = createServer();
  const accepted = new Promise<Socket>((resolve) => server.once('connection', resolve));
  await new Promise<void>((resolve) => server.listen(join(sockets, 's'), resolve));
  const args = ['-socket', join(sockets, 's'), '-role', role, ...flags, ...scenario.map(String)];
  const child = spawn(join(directory, 'peer'), args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const output = collect(child);
  try {
    const early = output.then(({ stderr }) => Promise.reject(new Error(`the peer ended before it dialed: ${stderr}`)));
    const socket = await within(LIMIT_MS, 'the connection of the peer', Promise.race([accepted, early]));
    early.catch(() => {});
    return peerOf(child, socket, output);
  } catch (error) {
    child.kill('SIGKILL');
    throw error;
  } finally {
    server.close();
    rmSync(sockets, { recursive: true, force: true });
  }
}

/** A peer and a session of ours that faces it. */
export async function facing(
  role: YamuxRole,
  scenario: readonly (string | number)[],
  options: YamuxOptions = {},
  flags: readonly string[] = [],
): Promise<{ peer: GoPeer; session: YamuxSession } & AsyncDisposable> {
  const peer = await startGoPeer(role === 'client' ? 'server' : 'client', scenario, flags);
  const session = createYamuxSession(peer.socket, { ...options, role });
  return {
    peer,
    session,
    async [Symbol.asyncDispose]() {
      await session.close();
      await peer[Symbol.asyncDispose]();
    },
  };
}

interface Output {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function collect(child: ChildProcess): Promise<Output> {
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]!.setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, ...text }));
  });
}

function peerOf(child: ChildProcess, socket: Socket, output: Promise<Output>): GoPeer {
  return {
    socket,
    process: child,
    async result() {
      const { code, stdout, stderr } = await within(LIMIT_MS, 'the end of the peer', output);
      if (code !== 0 || stdout === '') throw new Error(`the peer ended with ${code}: ${stderr}`);
      return JSON.parse(stdout) as Record<string, unknown>;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await output;
      socket.destroy();
    },
  };
}
