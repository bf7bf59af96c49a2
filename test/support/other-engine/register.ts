/** Imported before everything else, by `--import`: what does not choose a gRPC engine runs on the one that RXPLUG_GRPC_ENGINE names. */
import { register } from 'node:module';

register(new URL('hooks.js', import.meta.url), { data: process.env['RXPLUG_GRPC_ENGINE'] });
