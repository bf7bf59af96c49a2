import { OURS_TO_OURS } from './pairings.js';
import { tlsDirectory } from './suite/tls.js';
import { manualTlsBrokerSuites } from './suites.js';

manualTlsBrokerSuites(OURS_TO_OURS, (await tlsDirectory()).directory);
