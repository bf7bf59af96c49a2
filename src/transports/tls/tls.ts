export { secureDialer, speaksTls } from './client.js';
export { mutualTls, type TlsConfig, type TlsLayerOptions } from './config.js';
export { secureListener } from './server.js';
