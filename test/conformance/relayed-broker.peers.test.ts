import { RELAYED } from './relayed.js';
import { brokerSuites, multiplexSuites } from './suites.js';

for (const pairing of RELAYED) {
  brokerSuites(pairing);
  multiplexSuites(pairing);
}
