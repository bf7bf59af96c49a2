import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export interface CurlResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Makes a gRPC call with `buf curl`, a Go client that npm installs, so that it is available without Go. Without a schema it uses
 * the server's reflection; with `--cacert` it uses TLS.
 */
export async function bufCurl(socketPath: string, method: string, ...options: string[]): Promise<CurlResult> {
  const buf = fileURLToPath(import.meta.resolve('@bufbuild/buf/bin/buf'));
  const secure = options.includes('--cacert');
  const args = [
    'curl',
    '--protocol',
    'grpc',
    ...(secure ? [] : ['--http2-prior-knowledge']),
    '--unix-socket',
    socketPath,
  ];
  const url = `${secure ? 'https' : 'http'}://unused/${method}`;
  const child = spawn(process.execPath, [buf, ...args, ...options, url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const exit = new Promise<number | null>((resolve, reject) => child.once('exit', resolve).once('error', reject));
  const [code, stdout, stderr] = await Promise.all([exit, text(child.stdout), text(child.stderr)]);
  return { code, stdout, stderr };
}
