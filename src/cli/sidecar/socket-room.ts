import { UsageError } from '../process/exit-code.js';

/** Size of sun_path without the final NUL. Node 20 and 22 cut a longer path silently and use another file. */
const MAX_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** The longest of what a plugin makes in the folder. */
const PLUGIN_SOCKET = '/plugin-dirXXXXXX/plugin140737488355328';

/** Throws UsageError when the paths of sockets would be too long. */
export function checkSocketRoom(directory: string, name: string): void {
  const longest = [PLUGIN_SOCKET, `/.${name}.lock.9999`].map((socket) => Buffer.byteLength(directory + socket));
  const [withPlugin = 0, withName = 0] = longest;
  if (process.platform === 'win32' || Math.max(withPlugin, withName) <= MAX_PATH_BYTES) return;
  const which = withPlugin > MAX_PATH_BYTES ? '--dir' : '--name';
  throw new UsageError(
    `Expected a shorter ${which}: the paths of sockets in ${directory} would have ${Math.max(withPlugin, withName)} bytes, and this system allows ` +
      `${MAX_PATH_BYTES}.`,
  );
}
