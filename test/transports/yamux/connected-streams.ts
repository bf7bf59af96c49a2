import type { Duplex } from 'node:stream';
import { firstValueFrom } from 'rxjs';
import { selfSignedAuthority } from '../../../src/transports/tls/certificate.js';
import { mutualTls, secureDialer, secureListener } from '../../../src/transports/tls/tls.js';
import type { YamuxSession } from '../../../src/transports/yamux/session.js';

/** Opens a stream from one session to the other, with mutual TLS inside when asked for; resolves with its two ends. */
export async function connectedStreams(
  from: YamuxSession,
  to: YamuxSession,
  withTls: boolean,
): Promise<[dialed: Duplex, accepted: Duplex]> {
  const dialer = { dial: () => from.open() };
  const listener = {
    address: { network: 'unix', address: 'none' } as const,
    connection$: to.stream$,
    close: async () => {},
  };
  if (!withTls) {
    const accepted = firstValueFrom(listener.connection$);
    return [await dialer.dial(), await accepted];
  }
  const authority = selfSignedAuthority({ curve: 'P-256' });
  const [mine, theirs] = [await authority.issue(), await authority.issue()];
  const secure = secureListener(listener, mutualTls(theirs, mine.certificatePem), { alpn: ['h2'] });
  const accepted = firstValueFrom(secure.connection$);
  const dialed = await secureDialer(dialer, mutualTls(mine, theirs.certificatePem), { alpn: ['h2'] }).dial();
  return [dialed, await accepted];
}
