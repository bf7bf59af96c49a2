import { relayRunner } from 'rxplug/relay';
import { RELAY_FILE } from '../support/relay-file.js';
import type { RunnerFor } from './our-host.js';
import { OURS_TO_GO, OURS_TO_OURS, runBy } from './pairings.js';

const overRelay: RunnerFor = (command) => relayRunner({ carrier: [process.execPath], relay: [RELAY_FILE], command });

/** Our host, with its plugins at the far end of a relay. */
export const RELAYED = [OURS_TO_GO, OURS_TO_OURS].map((pairing) => runBy('over a relay', overRelay, pairing));
