/** All connections of a plugin inside one (go-plugin GRPCBrokerMultiplex): loaded when a host asks for it. */
export { connectMuxed } from './muxed-host.js';
export { acceptMuxed } from './muxed-plugin.js';
