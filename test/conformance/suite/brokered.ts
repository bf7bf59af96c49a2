import assert from 'node:assert/strict';
import { readdirSync, readlinkSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { LIMIT_MS } from '../bounded.js';
import type { DrivenObject, HostDriver } from '../driver.js';
import { ProbeDefinition } from '../gen/probe.js';
import { can, configOf, endedInPeace, hosted, type Pairing, type Scene } from './pairing.js';
import { isRunning } from './processes.js';

/** A started plugin whose broker is under test. */
export interface BrokerScene extends Pick<Scene, 'host' | 'client' | 'started' | 'tempDir'> {
  readonly probe: DrivenObject;
}

/** What host and plugin hold: sockets of the processes, socket files, and what our brokers tell of themselves. */
type Held = Readonly<Record<string, number>>;

/** In which state the test leaves the plugin. */
export interface BrokeredEnd {
  /** `idle`: what was offered is withdrawn, and nothing may be left before the plugin is stopped. `open`: it is stopped as it is. */
  readonly end?: 'idle' | 'open' | 'dead';
}

/** Registers a test after which neither end may hold anything of what was brokered: no id, channel, stream, pending entry, socket. */
export function brokered(
  pairing: Pairing,
  name: string,
  body: (scene: BrokerScene) => Promise<void>,
  { end = 'idle' }: BrokeredEnd = {},
): void {
  hosted(pairing, name, async (host, tempDir) => {
    const atFirst = socketsOf('host', host.pid);
    const client = await host.create(await configOf(pairing));
    const started = await client.start();
    const probe = await client.dispense('probe');
    const scene = { host, client, started, tempDir, probe };
    const before = await heldBy(pairing, scene);
    await body(scene);
    if (end === 'idle') {
      await probe.broker.withdrawAll();
      await probe.invoke(ProbeDefinition, 'withdraw', {});
      await untilNoMore(before, () => heldBy(pairing, scene));
    }
    await client.stop();
    if (end !== 'dead') endedInPeace(pairing, client, started.protocol);
    await untilNoMore(atFirst, async () => ({
      ...socketsOf('host', host.pid),
      ...(await socketFiles(pairing, host, tempDir)),
      ...named('host', probe.broker.counts()),
    }));
  });
}

async function heldBy(pairing: Pairing, { host, started, tempDir, probe }: BrokerScene): Promise<Held> {
  const { broker } = (await probe.invoke(ProbeDefinition, 'describe', {})).message;
  return {
    ...socketsOf('host', host.pid),
    ...(can(pairing, 'known-pid') ? socketsOf('plugin', Number(started.id)) : {}),
    'socket files': (await readdir(tempDir)).length,
    ...named('host', probe.broker.counts()),
    ...named('plugin', broker),
  };
}

/** go-plugin: brokered servers end beside the main one, and a process that is done first leaves their sockets behind. */
async function socketFiles(pairing: Pairing, host: HostDriver, tempDir: string): Promise<Held> {
  if (pairing.host === 'go' || !isRunning(host.pid)) return {};
  return { 'socket files': (await readdir(tempDir)).length };
}

/** Linux only, nothing elsewhere. */
function socketsOf(side: string, pid: number): Held {
  if (process.platform !== 'linux') return {};
  const directory = `/proc/${pid}/fd`;
  const sockets = readdirSync(directory).filter((fd) => isSocket(join(directory, fd)));
  return { [`${side} sockets`]: sockets.length };
}

function isSocket(path: string): boolean {
  try {
    return readlinkSync(path).startsWith('socket:');
  } catch {
    // Closed since the directory was read.
    return false;
  }
}

function named(side: string, counts: Held | undefined): Held {
  return Object.fromEntries(Object.entries(counts ?? {}).map(([name, count]) => [`${side} ${name}`, count]));
}

/** Waits until nothing is held that was not before: an end is news to the other side, and what nobody takes is dropped after a while. */
async function untilNoMore(before: Held, count: () => Promise<Held>): Promise<void> {
  const deadline = Date.now() + LIMIT_MS;
  let more = await excess(before, count);
  while (Object.keys(more).length > 0 && Date.now() < deadline) {
    await delay(20);
    more = await excess(before, count);
  }
  assert.deepEqual(more, {}, 'is still held');
}

async function excess(before: Held, count: () => Promise<Held>): Promise<Held> {
  const now = Object.entries(await count());
  return Object.fromEntries(now.filter(([name, value]) => value > (before[name] ?? 0)));
}

/** Lets the plugin dial what the host offers, and resolves with what came back. */
export async function callBack(probe: DrivenObject, brokerId: number, text: string): Promise<string> {
  const request = { brokerId, payload: { data: Buffer.from(text) } };
  const { message } = await probe.invoke(ProbeDefinition, 'callBack', request);
  return Buffer.from(message.data).toString();
}

/** Lets the plugin offer, and resolves with the ids. */
export async function offered(probe: DrivenObject, count: number): Promise<number[]> {
  return (await probe.invoke(ProbeDefinition, 'offer', { count })).message.brokerIds;
}

/** Dials what the plugin offers, makes one call, and resolves with the number that came back: 1. */
export async function dialing(probe: DrivenObject, brokerId: number): Promise<number> {
  const dialed = await probe.broker.dial(brokerId);
  try {
    return (await dialed.invoke(ProbeDefinition, 'echo', { number: 1 })).message.number;
  } finally {
    await dialed.close();
  }
}

/** Both ends wait: for an announcement, or, multiplexed, in the middle of a knock. Seen where one of them is ours. */
export async function untilBothWait(probe: DrivenObject, multiplexed: boolean): Promise<void> {
  // A side that dials also keeps the knock of the other.
  const expected = multiplexed ? 2 : 1;
  const deadline = Date.now() + LIMIT_MS;
  for (;;) {
    const { broker } = (await probe.invoke(ProbeDefinition, 'describe', {})).message;
    const counts = [probe.broker.counts()?.['pending'], broker['pending']].filter((count) => count !== undefined);
    if (counts.every((count) => count >= expected)) return;
    assert.ok(Date.now() < deadline, `they do not wait: ${counts.join(', ')}`);
    await delay(10);
  }
}
