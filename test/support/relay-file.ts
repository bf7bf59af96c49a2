import { fileURLToPath } from 'node:url';

/** The far end of a relay, as it is compiled. */
export const RELAY_FILE = fileURLToPath(new URL('../../src/runners/relay/main.js', import.meta.url));
