/** `rxplug/container`: plugins in containers of a Docker-compatible engine. */
export { type AttachContainerOptions, attachContainer } from './runners/container/attach.js';
export { containerRunner } from './runners/container/container-runner.js';
export type { ContainerEngineOptions } from './runners/container/engine-options.js';
export type { ContainerLimits, ContainerMount, ContainerOptions } from './runners/container/options.js';
