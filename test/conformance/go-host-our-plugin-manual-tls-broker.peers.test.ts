import { GO_TO_OURS } from './pairings.js';
import { tlsDirectory } from './suite/tls.js';
import { manualTlsBrokerSuites } from './suites.js';

manualTlsBrokerSuites(GO_TO_OURS, (await tlsDirectory()).directory);
