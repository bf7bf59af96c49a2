/** What crosses a relay in each direction; all of the suites is in `relayed-broker.peers.test.ts`. */
import { withAutoMtls, withMultiplexing } from './pairings.js';
import { RELAYED } from './relayed.js';
import { directions } from './suite/broker.js';

for (const pairing of RELAYED) {
  directions(withAutoMtls(pairing), 'B-08 T-08');
  directions(withMultiplexing(pairing), 'M-14');
}
