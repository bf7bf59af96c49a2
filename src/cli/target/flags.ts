import { PROFILE_NAMES, parseDuration } from './options.js';

const text = (value: string): string => value;

/** The flags of ProgramFlags, for stricli. */
export const PROGRAM_FLAGS = {
  cookie: { kind: 'parsed', parse: text, optional: true, brief: 'Magic cookie, KEY=VALUE' },
  protocolVersions: { kind: 'parsed', parse: text, optional: true, brief: 'Versions to offer, as 5 or 1,3-5' },
  profile: { kind: 'parsed', parse: text, optional: true, brief: `Host that the plugin is for: ${PROFILE_NAMES}` },
  profileFile: { kind: 'parsed', parse: text, optional: true, brief: 'Profiles of your own, in JSON' },
  timeout: { kind: 'parsed', parse: parseDuration, default: '60s', brief: 'Bound of the start' },
  env: { kind: 'parsed', parse: text, variadic: true, optional: true, brief: 'Environment variable, KEY=VALUE' },
  cwd: { kind: 'parsed', parse: text, optional: true, brief: 'Working directory of the plugin' },
  hostEnv: { kind: 'boolean', default: true, brief: 'The plugin inherits the environment' },
} as const;

/** The flags with which a program is started. */
export const START_FLAGS = {
  ...PROGRAM_FLAGS,
  tls: {
    kind: 'enum',
    values: ['auto', 'on', 'off'],
    default: 'auto',
    brief: 'AutoMTLS: always, never, or where the plugin can',
  },
  cert: { kind: 'parsed', parse: text, optional: true, brief: 'Own certificate, a PEM file' },
  key: { kind: 'parsed', parse: text, optional: true, brief: 'Its key' },
  ca: { kind: 'parsed', parse: text, optional: true, brief: "Certificate that the plugin's is checked against" },
  serverName: { kind: 'parsed', parse: text, optional: true, brief: "Name in the plugin's certificate" },
} as const;

/** The flags of TargetFlags: a program that is started, or a plugin that runs already. */
export const TARGET_FLAGS = {
  ...START_FLAGS,
  reattach: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'A plugin that runs already: a reattach configuration, FILE, - or env:NAME',
  },
  provider: { kind: 'parsed', parse: text, optional: true, brief: 'Which one of several plugins in --reattach' },
  address: {
    kind: 'parsed',
    parse: text,
    optional: true,
    brief: 'A plugin that runs already: unix:PATH or tcp:HOST:PORT',
  },
  netrpc: { kind: 'boolean', default: false, brief: 'The plugin at --address speaks net/rpc' },
  dispense: { kind: 'parsed', parse: text, optional: true, brief: 'net/rpc: name of the object in the plugin' },
  descriptors: {
    kind: 'parsed',
    parse: text,
    variadic: true,
    optional: true,
    brief: 'Descriptors of services: .proto files, a folder of them, or what buf build -o has written',
  },
  verbose: { kind: 'counter', optional: true, brief: "Show the plugin's log; twice: at trace level" },
} as const;

export const TARGET_ALIASES = { v: 'verbose' } as const;

/** The program that is not given after `--`. */
export const PROGRAM = {
  brief: 'Program of the plugin; with arguments: -- PROGRAM ARGUMENT...',
  parse: text,
  placeholder: 'program',
} as const;
