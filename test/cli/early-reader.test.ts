import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { ourPlugin } from '../conformance/peers.js';
import { within } from '../support/defer.js';
import { awaitGone } from '../support/process-alive.js';
import { CLI } from './run-cli.js';

const noPipes = process.platform === 'linux' ? {} : { skip: 'Only Linux tells that nobody reads a pipe.' };

/** Runs the command in a shell, with the first line of one of its outputs read, and resolves with that line when all of it has ended. */
async function firstLineOf(redirection: string, args: readonly string[]): Promise<string> {
  const pipeline = `"$@" ${redirection} | head -n 1`;
  // Stdin stays open, so that it is not the end of that which ends the command.
  const shell = spawn('sh', ['-c', pipeline, 'sh', process.execPath, CLI, ...args], {
    stdio: ['pipe', 'pipe', 'ignore'],
    detached: true,
  });
  let line = '';
  shell.stdout.on('data', (chunk) => (line += chunk));
  try {
    await within(20_000, 'the end of the pipeline', once(shell, 'close'));
    return line;
  } finally {
    if (shell.exitCode === null && shell.signalCode === null) process.kill(-shell.pid!, 'SIGKILL');
  }
}

test(
  'a reader that ends early ends the command and the plugin, also while nothing more is printed',
  noPipes,
  async () => {
    const program = ['--', ...(await ourPlugin())];
    const cookie = ['--cookie', 'RXPLUG_CONFORMANCE=hello'];
    // With the line on stdout the plugin is up, and prints nothing more.
    const line = await firstLineOf('', ['run', ...cookie, '--terraform', 'acme/kv', ...program]);
    const [, pid = ''] = /"Pid":(\d+)/.exec(line) ?? assert.fail(line);
    await awaitGone(Number(pid));
    const log = await firstLineOf('2>&1', ['run', ...cookie, '--json-logs', ...program]);
    await awaitGone(Number(JSON.parse(log).id));
  },
);
