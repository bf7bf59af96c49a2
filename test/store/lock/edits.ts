/** Adds plugins of a name to a lock file; one that is named `killed` ends in the middle of it. */
import { editLock } from '../../../packages/store/src/lock/edit-lock.js';

const [file = '', key = ''] = process.argv.slice(2);
await editLock(file, (lock) => {
  if (key === 'killed') process.kill(process.pid, 'SIGKILL');
  const plugin = { name: 'acme/kv', source: 'dir:///srv/kv', range: '^1', version: '1.0.0', platforms: {} };
  return { ...lock, plugins: { ...lock.plugins, [key]: plugin } };
});
