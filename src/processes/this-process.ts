import { identify, type ProcessIdentity } from './identity.js';
import { type ProcessSystem, readSystem } from './system.js';
import { readProcessEntry } from './table.js';

/** A process, and what its pid and its start time are relative to. */
export interface ProcessDescription extends ProcessIdentity, ProcessSystem {}

/** The same without a program that is run for it: outside of Linux without the start time. Never throws. */
export function describeThisProcessNow(): ProcessDescription {
  const { pid, platform } = process;
  const entry = platform === 'linux' ? readProcessEntry(pid) : undefined;
  return { pid, ...(entry === undefined ? {} : { startTime: String(entry.startTicks) }), ...readSystem() };
}

/** This process, by which others on the same system can find it. Never rejects. */
export async function describeThisProcess(): Promise<ProcessDescription> {
  const identity = (await identify(process.pid)) ?? { pid: process.pid };
  return { ...identity, ...readSystem() };
}
