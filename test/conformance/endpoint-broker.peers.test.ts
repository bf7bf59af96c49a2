import { AT_ENDPOINTS } from './endpoint-host.js';
import { brokerSuite } from './suite/broker.js';

for (const pairing of AT_ENDPOINTS) brokerSuite(pairing);
