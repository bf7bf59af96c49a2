import { X509Certificate } from 'node:crypto';
import { connect } from 'node:tls';
import { type Address, dialerTo } from 'rxplug/transport';

/** A plugin's certificate. */
export interface InspectedCertificate {
  /** For instance `P-256` or `RSA 2048`. */
  readonly key: string;
  /** The names that it is for. */
  readonly names: string;
  /** The day on which it ends, `2056-01-02`. */
  readonly until: string;
}

const CURVES: Readonly<Record<string, string>> = { prime256v1: 'P-256', secp384r1: 'P-384', secp521r1: 'P-521' };

/** Undefined for what OpenSSL cannot read. */
export function describeCertificate(der: Uint8Array): InspectedCertificate | undefined {
  try {
    const { publicKey, subjectAltName, subject, validTo } = new X509Certificate(der);
    const { asymmetricKeyType = '', asymmetricKeyDetails: details = {} } = publicKey;
    const curve = details.namedCurve;
    return {
      key:
        curve === undefined
          ? `${asymmetricKeyType.toUpperCase()} ${details.modulusLength ?? ''}`.trim()
          : (CURVES[curve] ?? curve),
      names: subjectAltName?.replaceAll(/(?:DNS|IP Address):/g, '') ?? subject,
      until: new Date(validTo).toISOString().slice(0, 10),
    };
  } catch {
    return undefined;
  }
}

const PROBE_MS = 3000;
/** A client of HTTP/2 begins with this, and empty SETTINGS. */
const HTTP2_PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0', 'latin1');
/** A ping of yamux, which its other end answers. */
const YAMUX_PING = Buffer.from([0, 2, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1]);

/** Whether a plugin refuses a client that has no certificate; undefined where it neither refuses nor answers. */
export async function refusesStrangers(address: Address, protocol: 'grpc' | 'netrpc'): Promise<boolean | undefined> {
  const signal = AbortSignal.timeout(PROBE_MS);
  const socket = await dialerTo(address).dial({ signal });
  const alpn = protocol === 'grpc' ? { ALPNProtocols: ['h2'] } : {};
  const secured = connect({ socket, rejectUnauthorized: false, servername: 'localhost', ...alpn });
  try {
    return await new Promise<boolean | undefined>((resolve) => {
      // With TLS 1.3 the client is through before the server has looked for its certificate.
      secured.once('secureConnect', () => secured.write(protocol === 'grpc' ? HTTP2_PREFACE : YAMUX_PING));
      secured.once('data', () => resolve(false));
      secured.on('error', () => resolve(true));
      secured.once('close', () => resolve(true));
      signal.addEventListener('abort', () => resolve(undefined), { once: true });
    });
  } finally {
    secured.destroy();
    socket.destroy();
  }
}
