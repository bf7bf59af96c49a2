import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { json } from 'node:stream/consumers';

/** A request for the script: `POST /containers/create`, without version and query. */
export interface EngineRequest {
  readonly name: string;
  readonly url: string;
  readonly body: unknown;
  readonly answer: (status: number, body?: unknown) => void;
  /** The connection, for a script that misbehaves. */
  readonly socket: Duplex;
  readonly response: ServerResponse;
}

/** Answers a request and returns 'done', or returns undefined for the default answer. */
export type EngineScript = (request: EngineRequest) => 'done' | undefined;

export const CONTAINER_ID = 'c0ffee';

/**
 * A scripted container engine on a real socket, for behaviour that a healthy engine does not show. By default it creates and
 * starts a container that prints nothing and runs until it is killed.
 */
export class ScriptedEngine implements AsyncDisposable {
  readonly socketPath: string;
  /** The requests, in order: method and path, without version and query. */
  readonly requests: string[] = [];
  readonly urls: string[] = [];
  /** The connections on which output is sent. */
  readonly attached: Duplex[] = [];
  readonly #directory: string;
  readonly #server: Server;
  readonly #connections = new Set<Duplex>();
  #exited = false;
  readonly #waiting: (() => void)[] = [];
  #script: EngineScript;

  private constructor(script: EngineScript) {
    this.#script = script;
    this.#directory = mkdtempSync(join(tmpdir(), 'e'));
    this.socketPath = join(this.#directory, 's');
    this.#server = createServer((req, res) => void this.#serve(req, res));
    this.#server.on('connection', (socket) => {
      this.#connections.add(socket);
      socket.on('error', () => {}).once('close', () => this.#connections.delete(socket));
    });
    this.#server.on('upgrade', (req, socket) => this.#attach(req, socket));
  }

  static async listen(script: EngineScript = () => undefined): Promise<ScriptedEngine> {
    const engine = new ScriptedEngine(script);
    engine.#server.listen(engine.socketPath);
    await once(engine.#server, 'listening');
    return engine;
  }

  /** Ends the container. */
  exit(): void {
    this.#exited = true;
    for (const answer of this.#waiting.splice(0)) answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    for (const connection of this.#connections) connection.destroy();
    await closed;
    rmSync(this.#directory, { recursive: true });
  }

  #attach(req: IncomingMessage, socket: Duplex): void {
    this.requests.push(nameOf(req));
    this.attached.push(socket.on('error', () => {}));
    socket.write('HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n');
  }

  async #serve(req: IncomingMessage, response: ServerResponse): Promise<void> {
    const name = nameOf(req);
    this.requests.push(name);
    this.urls.push(req.url ?? '');
    const body = await json(req).catch(() => undefined);
    const answer = (status: number, value?: unknown) => {
      response.writeHead(status, { 'Content-Type': 'application/json' });
      response.end(value === undefined ? undefined : JSON.stringify(value));
    };
    const request = { name, url: req.url ?? '', body, answer, socket: req.socket, response };
    if (this.#script(request) === undefined) this.#behave(request);
  }

  #behave({ name, answer }: EngineRequest): void {
    const container = `/containers/${CONTAINER_ID}`;
    if (name === 'GET /version') return answer(200, { ApiVersion: '1.43', MinAPIVersion: '1.24' });
    if (name === 'POST /containers/create') return answer(201, { Id: CONTAINER_ID, Warnings: [] });
    if (name === `POST ${container}/start`) return answer(204);
    if (name === `POST ${container}/wait`) {
      this.#waiting.push(() => answer(200, { StatusCode: 137, Error: null }));
      if (this.#exited) this.exit();
      return undefined;
    }
    if (name === `POST ${container}/kill`) {
      if (!this.#exited) this.exit();
      return answer(204);
    }
    if (name === `GET ${container}/json`)
      return answer(200, { Id: CONTAINER_ID, State: { OOMKilled: false, Error: '' } });
    if (name.startsWith('DELETE ')) return answer(204);
    return answer(404, { message: `no such thing: ${name}` });
  }
}

function nameOf({ method = '', url = '' }: IncomingMessage): string {
  return `${method} ${url.replace(/^\/v[\d.]+/, '').replace(/\?.*$/, '')}`;
}
