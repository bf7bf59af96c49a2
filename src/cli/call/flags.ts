import type { TargetFlags } from '../target/options.js';

/** How calls are made, and what is printed of them. */
export interface CallFlags extends TargetFlags {
  readonly metadata?: readonly string[];
  readonly deadline?: number;
  readonly emitDefaults: boolean;
  readonly ignoreUnknown: boolean;
  /** Each answer on one line. */
  readonly json: boolean;
  /** File of calls, `-` for stdin. */
  readonly script?: string;
  /** Services for the plugin, as `Service=FILE`. */
  readonly lend?: readonly string[];
  /** net/rpc: the type of the arguments, in Go's syntax. */
  readonly args?: string;
  /** net/rpc: the type of the reply. */
  readonly reply?: string;
}
