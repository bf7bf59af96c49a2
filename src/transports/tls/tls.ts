export { secureDialer, speaksTls } from './client.js';
export type { TlsConfig, TlsLayerOptions } from './config.js';
export { isAutoMtls, mutualTls } from './pinned.js';
export { refusedAutoMtls, refusedByEndpoint } from './refusal.js';
export { newestTls, rotatingTls, type TlsRotation, type TlsSource } from './rotating.js';
export { secureListener } from './server.js';
