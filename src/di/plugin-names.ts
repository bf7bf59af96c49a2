const KEY = Symbol.for('rxplug.plugin-names');

/** What copies of this package share. */
const shared: { [KEY]?: Set<string> } = globalThis as object;
const names = new Set<string>();

/**
 * The names of plugins that a client can be bound to: whoever binds one asks for its token. Shared by the copies of this package in the process,
 * as the tokens are.
 */
export const pluginNames: Set<string> = (shared[KEY] ??= names);
