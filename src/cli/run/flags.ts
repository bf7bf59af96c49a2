import { LOG_LEVELS } from './levels.js';

const text = (value: string): string => value;

/** The flags of `rxplug run`, for stricli. */
export const RUN_FLAGS = {
  level: { kind: 'enum', values: LOG_LEVELS, default: 'info', brief: 'Lowest level of the log that is shown' },
  jsonLogs: { kind: 'boolean', default: false, brief: "The log as lines of hclog's JSON" },
  reattachFile: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'Write where the plugin is to this file, for --reattach',
  },
  terraform: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'Print TF_REATTACH_PROVIDERS for this provider, as registry.terraform.io/acme/kv',
  },
  supervise: { kind: 'boolean', default: false, brief: 'Start it again when it ends or hangs' },
  watch: { kind: 'boolean', default: false, brief: 'Start it anew when its program changes' },
} as const;
