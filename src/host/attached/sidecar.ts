import { OptionsError } from '../../errors.js';
import { checkOptions, optionNames } from '../../wire/option-names.js';

/**
 * A plugin that a sidecar runs, `rxplug sidecar` in another container for instance, and publishes in a folder that both have.
 *
 * @inline
 */
export interface SidecarOptions {
  /** The folder. Whoever may write in it decides which plugin is called. Sockets that brokers need are made in it too, unless `unixSocket.tempDir` is given. */
  readonly directory: string;
  /** The name that the plugin is published by: that of the file `NAME.json`. */
  readonly name: string;
}

/** A validated choice of a sidecar. */
export interface SidecarLaunch extends SidecarOptions {
  readonly kind: 'sidecar';
}

const NAMES = optionNames<SidecarOptions>()('directory name');

/** Throws OptionsError. */
export function resolveSidecar(options: SidecarOptions): SidecarLaunch {
  checkOptions('`sidecar`', options, NAMES);
  const { directory, name } = options;
  if (typeof directory !== 'string' || directory === '')
    throw new OptionsError(`Expected \`sidecar.directory\` to be a path, got ${JSON.stringify(directory)}.`);
  if (typeof name !== 'string' || !/^\w[\w.-]*$/.test(name))
    throw new OptionsError(
      `Expected \`sidecar.name\` to be letters, digits, \`.\`, \`_\` and \`-\`, as in a file's name, got ${JSON.stringify(name)}.`,
    );
  return { kind: 'sidecar', directory, name };
}
