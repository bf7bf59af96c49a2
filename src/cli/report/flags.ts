import { PROGRAM_FLAGS, TARGET_FLAGS } from '../target/flags.js';

const names = (text: string): string => text;

/** The flags of `rxplug check plugin`, for stricli. */
export const CHECK_FLAGS = {
  ...PROGRAM_FLAGS,
  descriptors: TARGET_FLAGS.descriptors,
  tls: { kind: 'enum', values: ['auto', 'off'], default: 'auto', brief: 'Whether AutoMTLS is offered' },
  only: { kind: 'parsed', parse: names, variadic: ',', optional: true, brief: 'Items to check, as T-04,E' },
  skip: { kind: 'parsed', parse: names, variadic: ',', optional: true, brief: 'Items to leave out' },
  call: {
    kind: 'parsed',
    parse: names,
    optional: true,
    brief: 'For B-01: a method that dials the host, and its request with "$broker" for the id',
  },
  strict: { kind: 'boolean', default: false, brief: 'A SHOULD that is not met fails, too' },
  format: {
    kind: 'enum',
    values: ['human', 'tap', 'junit', 'json', 'github'],
    default: 'human',
    brief: 'Form of the results',
  },
  json: { kind: 'boolean', default: false, brief: 'The same as --format json' },
  list: { kind: 'boolean', default: false, brief: 'List the items; nothing is started' },
} as const;
