import { identify, type ProcessIdentity } from './identity.js';
import { type ProcessSystem, readSystem } from './system.js';

/** A process, and what its pid and its start time are relative to. */
export interface ProcessDescription extends ProcessIdentity, ProcessSystem {}

/** This process, by which others on the same system can find it. Never rejects. */
export async function describeThisProcess(): Promise<ProcessDescription> {
  const identity = (await identify(process.pid)) ?? { pid: process.pid };
  return { ...identity, ...readSystem() };
}
