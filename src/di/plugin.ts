import { exitWithMessage } from '../plugin/magic-cookie.js';
import { selectPlugin } from '../plugin/select-plugin.js';
import { serve as serveCore } from '../plugin/serve.js';
import { type ServeTestOptions, serveTest as serveTestCore, type TestServing } from '../plugin/test-serving.js';
import { assemblePlugin, type ServeOptions } from './assemble-plugin.js';

/**
 * Serves plugins to the host that started this process, and resolves when serving has ended: the host asked for it, the host is
 * gone, or the listener broke. Ends the process with status 1 when it was not started by a host. Rejects when the plugin cannot be
 * served. Service classes are made by the container, each with a `LOGGER` of its own name.
 */
export async function serve(options: ServeOptions): Promise<void> {
  await using plugin = assemblePlugin(options);
  await serveCore(plugin.options, plugin.parts);
}

/** Options, or what makes or loads them. */
export type LazyServeOptions = ServeOptions | (() => ServeOptions | Promise<ServeOptions>);

/**
 * Serves one of several plugins, the one that the program's only argument names. Ends the process with status 1 for another number
 * of arguments and for a name that is not there (go-plugin server_mux.go ServeMux).
 */
export async function serveMux(plugins: Readonly<Record<string, LazyServeOptions>>): Promise<void> {
  const selected = selectPlugin(Object.keys(plugins), process.argv.slice(2));
  if ('error' in selected) return await exitWithMessage(selected.error);
  const options = plugins[selected.name] as LazyServeOptions;
  await serve(typeof options === 'function' ? await options() : options);
}

/**
 * Serves plugins in test mode: within this process, for hosts that reattach with `reattach`, without cookie, handshake line and
 * taking over of interrupts, and without ever ending the process. Resolves when hosts can come; rejects when the plugin cannot be
 * served.
 */
export async function serveTest(options: ServeOptions, test: ServeTestOptions = {}): Promise<TestServing> {
  const plugin = assemblePlugin(options);
  const onEnded = async (): Promise<void> => plugin[Symbol.asyncDispose]();
  try {
    return await serveTestCore(plugin.options, plugin.parts, { ...test, onEnded });
  } catch (error) {
    await onEnded();
    throw error;
  }
}
