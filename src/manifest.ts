/** `rxplug/manifest`: what a plugin says of itself, in `rxplug.plugin.json` or in its package.json. */
export {
  MANIFEST_FILE,
  type ManifestHandshake,
  type ManifestNeeds,
  type ManifestPlugin,
  type PluginManifest,
} from './wire/manifest/manifest.js';
export { parsePackageManifest } from './wire/manifest/package-manifest.js';
export { parsePluginManifest } from './wire/manifest/parse-manifest.js';
