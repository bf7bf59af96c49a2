import type { Socket } from 'node:net';
import { pathToFileURL } from 'node:url';

/** What is used of vscode-jsonrpc, which the benchmark installs (json-rpc-library.ts). */
export interface JsonRpcConnection {
  listen(): void;
  sendRequest(method: string, params: object): Promise<unknown>;
  onRequest(method: string, handler: (params: object) => unknown): unknown;
}

interface JsonRpcLibrary {
  readonly StreamMessageReader: new (stream: Socket) => unknown;
  readonly StreamMessageWriter: new (stream: Socket) => unknown;
  createMessageConnection(reader: unknown, writer: unknown): JsonRpcConnection;
}

export async function connectionOver(socket: Socket, path: string): Promise<JsonRpcConnection> {
  const loaded = (await import(pathToFileURL(path).href)) as { readonly default: JsonRpcLibrary };
  const library = loaded.default;
  return library.createMessageConnection(
    new library.StreamMessageReader(socket),
    new library.StreamMessageWriter(socket),
  );
}
