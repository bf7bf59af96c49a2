import { identify, type ProcessIdentity } from './identity.js';
import { type ProcessSystem, readSystem } from './system.js';
import { readProcessEntry } from './table.js';

/** A process, and what its pid and its start time are relative to. */
export interface ProcessDescription extends ProcessIdentity, ProcessSystem {}

/** When this process was started; undefined as long as that was not asked for, and where it is not known. */
let ownStartTime: string | undefined;

/** The same without a program that is run for it: outside of Linux without the start time. Never throws. */
export function describeThisProcessNow(): ProcessDescription {
  const { pid, platform } = process;
  if (platform === 'linux') ownStartTime ??= readProcessEntry(pid)?.startTicks.toString();
  return { pid, ...(ownStartTime === undefined ? {} : { startTime: ownStartTime }), ...readSystem() };
}

/** This process, by which others on the same system can find it. Never rejects. */
export async function describeThisProcess(): Promise<ProcessDescription> {
  const { pid, platform } = process;
  if (platform === 'linux') return describeThisProcessNow();
  return { ...((await identify(pid)) ?? { pid }), ...readSystem() };
}
