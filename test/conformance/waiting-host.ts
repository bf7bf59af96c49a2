/**
 * Our host as a program of its own: `node waiting-host.js TEMPDIR CONFIG`. Host and plugin both dial what nobody offers; once they wait,
 * it prints the plugin's pid, and stays until it is killed.
 */
import type { HostConfig } from './driver.js';
import { ProbeDefinition } from './gen/probe.js';
import { OurHost } from './our-host.js';
import { dialing, untilBothWait } from './suite/brokered.js';

const [tempDir = '', config = '{}'] = process.argv.slice(2);
const parsed = JSON.parse(config) as HostConfig;
const client = await new OurHost(tempDir).create(parsed);
const { id } = await client.start();
const probe = await client.dispense('probe');
dialing(probe, 4242).catch(() => {});
probe.invoke(ProbeDefinition, 'callBack', { brokerId: 4243 }).catch(() => {});
await untilBothWait(probe, parsed.multiplex === true);
process.stdout.write(`${id}\n`);
