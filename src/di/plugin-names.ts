import { OptionsError } from '../errors.js';
import { describeValue } from '../wire/option-names.js';

const KEY = Symbol.for('rxplug.plugin-names');

/** What copies of this package share. */
const shared: { [KEY]?: Set<string> } = globalThis as object;
const names = new Set<string>();

/**
 * The names of plugins that a client can be bound to: whoever binds one asks for its token. Shared by the copies of this package in the process,
 * as the tokens are.
 */
export const pluginNames: Set<string> = (shared[KEY] ??= names);

/** Throws OptionsError for what is no name: a token of it would be asked for in vain. */
export function checkPluginName(of: string, name: unknown): void {
  if (typeof name !== 'string' || name === '')
    throw new OptionsError(`Expected the name of a plugin for ${of}, which is a text, got ${describeValue(name)}.`);
}
