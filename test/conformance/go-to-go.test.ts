import { goPlugin, needsGo, startGoHost } from './peers.js';
import { callsSuite } from './suite/calls.js';
import { errorsSuite } from './suite/errors.js';
import { handshakeSuite } from './suite/handshake.js';
import { lifecycleSuite } from './suite/lifecycle.js';
import { logsSuite } from './suite/logs.js';
import { cancellationSuite, metadataSuite, sizesSuite } from './suite/metadata.js';
import { environmentSuite, negotiationSuite } from './suite/negotiation.js';
import type { Pairing } from './suite/pairing.js';
import { stdioSuite } from './suite/stdio.js';

const pairing: Pairing = {
  name: 'Go host, Go plugin',
  host: 'go',
  plugin: 'go',
  options: needsGo(),
  startHost: startGoHost,
  pluginCommand: goPlugin,
};

callsSuite(pairing);
errorsSuite(pairing);
metadataSuite(pairing);
sizesSuite(pairing);
cancellationSuite(pairing);
stdioSuite(pairing);
logsSuite(pairing);
handshakeSuite(pairing);
negotiationSuite(pairing);
environmentSuite(pairing);
lifecycleSuite(pairing);
