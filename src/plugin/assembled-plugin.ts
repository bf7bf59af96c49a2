import type { Logger } from '../wire/logs/logger.js';
import type { ServeOptions } from './options.js';
import type { PluginParts } from './plugin-parts.js';

/** What a plugin is served with: its parts, and its logger. */
export interface PluginEquipment {
  readonly parts: PluginParts;
  readonly logger: Logger;
}

/** A plugin that is ready to be served. Disposing it releases its services and what its container has made. */
export interface AssembledPlugin extends AsyncDisposable {
  /** The options, with an implementation for each name. */
  readonly options: ServeOptions;
  /** Its parts and its logger, which a container of the application may have in the place of `logger`. Rejects with OptionsError. */
  equip(logger: Logger): Promise<PluginEquipment>;
}
