import { GO_TO_GO } from './pairings.js';
import { overNetRpc } from './suite/netrpc.js';
import { reattachSuite } from './suite/reattach.js';

reattachSuite(GO_TO_GO);
reattachSuite(overNetRpc(GO_TO_GO));
