/** Adds a version of no platform to the index of a folder. */
import { writeRelease } from '../../../../packages/store/src/sources/static/write-release.js';

const [folder = '', version = ''] = process.argv.slice(2);
await writeRelease(folder, { version, platforms: {} });
