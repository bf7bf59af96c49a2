import { UsageError } from '../process/exit-code.js';
import { PROFILES } from './profiles.js';

/** What a program is told at its start, as hosts tell it. */
export interface ProgramFlags {
  readonly cookie?: string;
  readonly protocolVersions?: string;
  readonly profile?: string;
  readonly profileFile?: string;
  readonly timeout: number;
  readonly env?: readonly string[];
  readonly cwd?: string;
  readonly hostEnv: boolean;
}

/** How a program is started as a plugin. */
export interface StartFlags extends ProgramFlags {
  readonly tls: 'auto' | 'on' | 'off';
  readonly cert?: string;
  readonly key?: string;
  readonly ca?: string;
  readonly serverName?: string;
}

/** How a plugin is started or reached: flags that the commands share. */
export interface TargetFlags extends StartFlags {
  readonly verbose?: number;
  readonly descriptors?: readonly string[];
  /** A plugin that runs already: a file, `-`, or `env:NAME`. */
  readonly reattach?: string;
  /** Which plugin of `reattach`. */
  readonly provider?: string;
  /** Where a plugin listens: `unix:PATH` or `tcp:HOST:PORT`. */
  readonly address?: string;
  readonly netrpc: boolean;
  /** net/rpc: the name of an object of the plugin. */
  readonly dispense?: string;
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000 };

/** `500ms`, `10s` or `2m` in milliseconds. */
export function parseDuration(text: string): number {
  const [, amount, unit = 's'] = /^(\d+(?:\.\d+)?)(ms|s|m)?$/.exec(text) ?? [];
  const milliseconds = Number(amount) * UNITS[unit]!;
  if (milliseconds > 0 && Number.isFinite(milliseconds)) return Math.ceil(milliseconds);
  throw new UsageError(`Expected a duration such as 500ms, 10s or 2m, got ${JSON.stringify(text)}.`);
}

/** `1,3-5` → 1, 3, 4, 5. */
export function parseVersions(text: string): readonly number[] {
  const versions = text.split(',').flatMap((part) => {
    const [, from, to = from] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(part.trim()) ?? [];
    const count = Number(to) - Number(from) + 1;
    if (!(count > 0 && count <= 1000)) {
      throw new UsageError(`Expected versions such as 5, 1,3 or 4-6, got ${JSON.stringify(text)}.`);
    }
    return Array.from({ length: count }, (_, index) => Number(from) + index);
  });
  return [...new Set(versions)];
}

/** `KEY=VALUE`. */
export function parsePair(text: string, what: string): readonly [key: string, value: string] {
  const at = text.indexOf('=');
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
  throw new UsageError(`Expected ${what} to be KEY=VALUE, got ${JSON.stringify(text)}.`);
}

/** The names of the profiles, for help and errors. */
export const PROFILE_NAMES = PROFILES.map(({ name }) => name).join(', ');
