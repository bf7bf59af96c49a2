import { RUN_FLAGS } from '../run/flags.js';
import { PROGRAM_FLAGS } from '../target/flags.js';

const text = (value: string): string => value;

/** The flags of `rxplug sidecar`, for stricli. */
export const SIDECAR_FLAGS = {
  dir: { kind: 'parsed', parse: text, brief: 'Folder that the host has too, for what is published and for sockets' },
  name: { kind: 'parsed', parse: text, brief: 'Name by which the host finds the plugin: NAME.json in the folder' },
  ...PROGRAM_FLAGS,
  group: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'Group that may connect besides the user, by name or number',
  },
  level: RUN_FLAGS.level,
  jsonLogs: RUN_FLAGS.jsonLogs,
  probe: {
    kind: 'boolean',
    default: false,
    brief: 'Start nothing: ask the plugin that is published there whether it serves, for a liveness probe',
  },
} as const;
