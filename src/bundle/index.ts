/** `rxplug/bundle`: a plugin or a host as one file that starts fast. */
export { type BundleOptions, type BundleResult, bundle, type ProgramBundleOptions } from './bundle.js';
export { bundleExecutable, type ExecutableOptions, type ExecutableResult } from './executable.js';
