/** The same without a library in between. */
import { once } from 'node:events';

const chunk = Buffer.alloc(65_536);
for (;;) if (!process.stdout.write(chunk)) await once(process.stdout, 'drain');
