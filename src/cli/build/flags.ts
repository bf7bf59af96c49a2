import { PROGRAM_FLAGS, TARGET_FLAGS } from '../target/flags.js';
import type { ProgramFlags, TargetFlags } from '../target/options.js';

export type Format = 'script' | 'sea' | 'npm';

/** What is built, and how it is started to record it: the flags of `build`. */
export interface BuildFlags extends ProgramFlags, Pick<TargetFlags, 'verbose'> {
  readonly out: string;
  readonly as: Format;
  readonly name?: string;
  readonly platform?: readonly string[];
  readonly manifest: boolean;
  readonly autoMtls: boolean;
  readonly record: boolean;
  readonly check: boolean;
  readonly call?: readonly string[];
  readonly external?: readonly string[];
  readonly allowDynamic?: readonly string[];
  readonly json: boolean;
}

const text = (value: string): string => value;
const words = (brief: string) => ({ kind: 'parsed', parse: text, variadic: true, optional: true, brief }) as const;

/** For stricli. */
export const BUILD_FLAGS = {
  out: { kind: 'parsed', parse: text, brief: 'File to make; with --name, or as npm: folder' },
  as: {
    kind: 'enum',
    values: ['script', 'sea', 'npm'],
    default: 'script',
    brief: 'A script for Node, a single executable with Node in it, or packages for npm',
  },
  name: { kind: 'parsed', parse: text, optional: true, brief: 'Name that the host wants, as terraform-provider-x' },
  platform: words('linux-x64, darwin-arm64, win-x64 …; for sea and npm also PLATFORM=NODE-FILE'),
  manifest: { kind: 'boolean', default: false, brief: 'Write rxplug.plugin.json beside it; npm has it anyway' },
  autoMtls: { kind: 'boolean', default: true, brief: 'Record a start with AutoMTLS too' },
  record: { kind: 'boolean', default: true, brief: 'Start the plugin and store what V8 compiles' },
  check: { kind: 'boolean', default: true, brief: 'Check what was made, as `check plugin` does' },
  call: words('Method to call while recording, with an empty request: package.Service/Method'),
  external: words('Package that is left in node_modules'),
  allowDynamic: words('Package that may require what is known only when it runs'),
  json: { kind: 'boolean', default: false, brief: 'Print JSON' },
  ...PROGRAM_FLAGS,
  verbose: TARGET_FLAGS.verbose,
} as const;

export const BUILD_ALIASES = { o: 'out', v: 'verbose' } as const;

/** The flags of the start of a plugin, with TLS or without. */
export function startFlags(flags: BuildFlags, tls: TargetFlags['tls']): TargetFlags {
  return { ...flags, tls, netrpc: false };
}
