/** `rxplug relay`: the far end of a relay. Its stdin and stdout are the connection. */
import { serveRelay } from 'rxplug/relay';

// A terminal's signals are for the host, which ends this program by ending the connection.
for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.on(signal, () => process.stdin.destroy());
process.stdout.on('error', () => process.stdin.destroy());
await serveRelay(process.stdin, process.stdout);
process.exit();
