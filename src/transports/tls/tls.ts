export { secureDialer, speaksTls } from './client.js';
export { isAutoMtls, mutualTls, type TlsConfig, type TlsLayerOptions } from './config.js';
export { refusedAutoMtls } from './refusal.js';
export { secureListener } from './server.js';
