/**
 * The floor of a host on Node: the plugin program given as command is spawned and its first line read, nothing else. Orders as `host`.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { answerWork, type Done } from './work.js';

const [file = '', ...args] = process.argv.slice(2);
const env = { ...process.env, RXPLUG_CONFORMANCE: 'hello', PLUGIN_PROTOCOL_VERSIONS: '1' };

let started: ChildProcess[] = [];

async function startAll(count: number): Promise<Done> {
  started = Array.from({ length: count }, () => spawn(file, args, { env, stdio: ['ignore', 'pipe', 'ignore'] }));
  await Promise.all(started.map(({ stdout }) => once(stdout!, 'data')));
  return { done: count };
}

async function stopAll(): Promise<Done> {
  const children = started;
  started = [];
  const exits = children.map((child) => once(child, 'exit'));
  for (const child of children) child.kill();
  await Promise.all(exits);
  return { done: children.length };
}

process.on('exit', () => {
  for (const child of started) child.kill();
});
await answerWork({ start: startAll, stop: stopAll });
