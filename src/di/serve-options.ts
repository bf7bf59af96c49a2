import type { PluginGrpcOptions } from '../assembly/plugin-parts.js';
import type { ServedPlugins } from '../assembly/served-plugins.js';
import type { ServeOptions as CoreServeOptions } from '../plugin/options.js';
import type { Container, ContainerModule } from './application-container.js';

/** The options of a plugin (go-plugin ServeConfig). */
export interface ServeOptions extends Omit<CoreServeOptions, 'plugins' | 'versionedPlugins'>, PluginGrpcOptions {
  /** The plugin set of the handshake's own protocol version. */
  readonly plugins?: ServedPlugins;
  /** Plugin sets by protocol version of the application; the highest version that the host has, too, is served. */
  readonly versionedPlugins?: Readonly<Record<number, ServedPlugins>>;
  /** Modules of your own: what your service classes inject, and what replaces parts of the library. */
  readonly modules?: readonly ContainerModule[];
  /**
   * The container of your application: service classes inject what it has bound, and parts that it has bound replace the library's.
   * `serve` loads the modules into a container of its own below it, and unbinds nothing of yours.
   */
  readonly container?: Container;
}
