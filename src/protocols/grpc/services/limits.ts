/**
 * Limits of the library's own services (stdio, broker, controller, health, reflection), whatever the application's are: 4 MiB, gRPC's
 * usual limit. A peer cannot make this end buffer more than that with them; their messages have a few KiB, output 64.
 */
export const OWN_SERVICE_LIMITS = { maxReceiveMessageBytes: 4 * 1024 * 1024 } as const;
