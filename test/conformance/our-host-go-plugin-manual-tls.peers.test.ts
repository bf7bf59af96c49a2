import { OURS_TO_GO } from './pairings.js';
import { tlsDirectory } from './suite/tls.js';
import { manualTlsSuites } from './suites.js';

manualTlsSuites(OURS_TO_GO, (await tlsDirectory()).directory);
