/** `rxplug/bundle`: a plugin or a host as one file that starts fast. */
export { type BundleOptions, type BundleResult, bundle } from './bundle.js';
