import { goPlugin, needsGo, startGoHost } from './peers.js';
import { callsSuite } from './suite/calls.js';
import { errorsSuite } from './suite/errors.js';
import { cancellationSuite, metadataSuite, sizesSuite } from './suite/metadata.js';
import type { Pairing } from './suite/pairing.js';

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
