export { secureDialer, speaksTls } from './tls-client.js';
export { mutualTls, type TlsConfig, type TlsLayerOptions } from './tls-config.js';
export { secureListener } from './tls-server.js';
