/**
 * Runs every plugin in a folder: a file that comes is started, one that changes is replaced without a failed call, one that goes is stopped.
 * Each plugin's logs have its name, no call takes longer than five seconds, and a plugin that fails disturbs no other.
 */
import { basename } from 'node:path';
import { catchError, concatMap, filter, map, of } from 'rxjs';
import { discovered } from 'rxplug';
import { fileChanges, type SupervisedPlugin, supervise } from 'rxplug/supervise';
import { handshake, plugins } from '../basic/contract.js';

const folder = process.argv[2] ?? '.';
const running = new Map<string, SupervisedPlugin<typeof plugins>>();

async function run(file: string): Promise<void> {
  const name = basename(file);
  const plugin = supervise({
    name,
    command: [process.execPath, file],
    handshake,
    plugins,
    grpc: { defaults: { timeoutMs: 5000 } },
    supervision: { reloadOn: fileChanges(file, { debounceMs: 100 }) },
  });
  running.set(file, plugin);
  plugin.logs$.subscribe(({ level, message }) => console.error(`${name} ${level}: ${message}`));
  const failed$ = plugin.state$.pipe(filter(({ status }) => status === 'failed'));
  failed$.subscribe(() => console.log(`${name} is given up until its file changes`));
  const greeter = await plugin.dispense('greeter');
  // An error that nobody takes would end the application, and all other plugins with it.
  const text$ = greeter.greet({ name }).pipe(
    map(({ greeting }) => greeting),
    catchError(({ message }: Error) => of(message)),
  );
  const started$ = plugin.events$.pipe(filter(({ type }) => type === 'started'));
  started$.pipe(concatMap(() => text$)).subscribe((text) => console.log(text));
}

async function stop(file: string): Promise<void> {
  await running.get(file)?.stop();
  running.delete(file);
  console.log(`${basename(file)} is gone`);
}

const watching = discovered('*-plugin.mjs', folder).subscribe((files) => {
  for (const file of files) if (!running.has(file)) void run(file);
  for (const file of running.keys()) if (!files.includes(file)) void stop(file);
});
process.once('SIGTERM', () => {
  watching.unsubscribe();
  for (const file of running.keys()) void stop(file);
});
