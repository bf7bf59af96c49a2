/**
 * The message limit of the library's own services (stdio, broker, controller, health, reflection), independent of the application's: 4 MiB,
 * gRPC's default. Output comes in messages of up to 64 KiB, everything else in less.
 */
export const OWN_SERVICE_LIMITS = { maxReceiveMessageBytes: 4 * 1024 * 1024 } as const;

/** Options of the host's calls to these services. They are part of what notices a loss, and so never wait for its reason. */
export const OWN_CALL_OPTIONS = { ...OWN_SERVICE_LIMITS, awaitsReason: false } as const;

/** How a server serves them. Their messages need no check. A plugin whose handlers do not end can be asked for its health and stopped. */
export const OWN_SERVICE_SETTINGS = { ...OWN_SERVICE_LIMITS, strictMessages: false, alwaysTaken: true } as const;
