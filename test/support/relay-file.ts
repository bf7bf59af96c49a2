import { fileURLToPath } from 'node:url';

/** The far end of a relay, as it is published. */
export const RELAY_FILE = fileURLToPath(new URL('../../cli/relay.js', import.meta.url));
