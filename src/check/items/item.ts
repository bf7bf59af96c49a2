import type { ProtocolName } from '../../wire/handshake/handshake-line.js';
import type { Bench } from '../bench/bench.js';
import type { CheckDescription } from '../result.js';

/** What an item has found. */
export interface Finding {
  readonly is: 'met' | 'unmet' | 'skipped';
  readonly got: string;
}

/** An item of `checkPlugin`. */
export interface CheckItem extends CheckDescription {
  /** The protocol that it is about. @default both */
  readonly protocol?: ProtocolName;
  /** Looks at one process with other such items, one after another. @default a process of its own */
  readonly sharesLife?: boolean;
  /** Rejects with an Error when the plugin does not do its part: that is a finding, too. */
  readonly run: (bench: Bench) => Promise<Finding>;
}

/** The plugin does what is expected. */
export function met(got: string): Finding {
  return { is: 'met', got };
}

/** The plugin does something else. */
export function unmet(got: string): Finding {
  return { is: 'unmet', got };
}

/** The item does not apply, and why. */
export function skipped(why: string): Finding {
  return { is: 'skipped', got: why };
}
