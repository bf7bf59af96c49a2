import type { Duplex, Readable, Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { firstValueFrom, ReplaySubject } from 'rxjs';
import { errorMessage, PluginError } from '../../errors.js';
import { killGroupWithUs } from '../../processes/group-guard.js';
import { settledWithin } from '../../streams/settled-within.js';
import { dialerTo } from '../../transports/sockets/dial.js';
import { createSocketDir, type SocketDir } from '../../transports/sockets/socket-dir.js';
import { listenUnix } from '../../transports/sockets/unix.js';
import type { Listener } from '../../transports/transport.js';
import { createYamuxSession, type YamuxSession } from '../../transports/yamux/session.js';
import { truncateText } from '../../wire/quote.js';
import { processRunner } from '../process/process-runner.js';
import type { Runner } from '../runner.js';
import { connectionOf, join } from './lines.js';
import { LINK_TIMES } from './link.js';
import {
  RELAY_LINE,
  type RelayAccepted,
  type RelayRequest,
  readDueMessage,
  readMessage,
  sendLine,
} from './messages.js';

/**
 * The far end of a relay: runs one plugin for a host at the other end of two pipes, and carries its connections. Resolves when the
 * connection has ended; by then nothing is left of the plugin. It is what `rxplug relay` does with stdin and stdout.
 */
export async function serveRelay(input: Readable, output: Writable): Promise<void> {
  const connection = connectionOf(input, output);
  connection.write(`${RELAY_LINE}\n`);
  const session = createYamuxSession(connection, { role: 'server', keepAlive: true, ...LINK_TIMES });
  const far = new FarEnd(session);
  session.stream$.subscribe((stream) => {
    stream.on('error', () => {});
    far.serve(stream).catch(() => stream.destroy());
  });
  await session.closed;
  await far.close();
}

/** How long the exit of a plugin waits for output that the host does not read. */
const OUTPUT_TIMEOUT_MS = 5_000;

const MAX_DIAGNOSIS_CHARS = 16_384;

class FarEnd {
  readonly #session: YamuxSession;
  readonly #listeners = new Set<Listener>();
  #directory: SocketDir | undefined;
  #runner: Runner | undefined;
  readonly #outputs = new Map<'stdout' | 'stderr', Duplex>();
  readonly #outputsThere = new ReplaySubject<void>(1);
  #runs = false;
  #closed = false;

  constructor(session: YamuxSession) {
    this.#session = session;
  }

  /** Does what the first line of a stream asks for. Rejects for what cannot be done. */
  async serve(stream: Duplex): Promise<void> {
    const request = await readDueMessage<RelayRequest>(stream);
    switch (request?.kind) {
      case 'run':
        return await this.#run(request, stream);
      case 'stdout':
      case 'stderr':
        this.#outputs.set(request.kind, stream);
        if (this.#outputs.size === 2) this.#outputsThere.next();
        return;
      case 'dial': {
        const socket = await dialerTo(request.address).dial();
        sendLine(stream, { kind: 'connected' });
        return join(stream, socket);
      }
      case 'listen':
        return await this.#listen(stream);
      default:
        throw new Error('unknown request');
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#runner?.kill().catch(() => {});
    for (const listener of this.#listeners) await listener.close();
    this.#directory?.remove();
  }

  async #run({ command, cwd, env }: RelayRequest & { kind: 'run' }, control: Duplex): Promise<void> {
    if (this.#runs || this.#closed) throw new Error('a relay runs one plugin');
    this.#runs = true;
    const directory = await createSocketDir({});
    if (this.#closed) return directory.remove();
    this.#directory = directory;
    const inherited = process.env;
    const runner = processRunner({
      command,
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...inherited, ...env, PLUGIN_UNIX_SOCKET_DIR: directory.path },
      // This program's own is the connection.
      stdin: 'ignore',
    });
    this.#runner = runner;
    try {
      await runner.start({ signal: new AbortController().signal });
    } catch (error) {
      const code = PluginError.is(error) ? error.code : 'ERR_SPAWN';
      sendLine(control, { kind: 'failed', code, message: errorMessage(error), diagnosis: await diagnosisOf(runner) });
      return;
    }
    runner.exit$.subscribe(killGroupWithUs(Number(runner.id)));
    if (this.#closed) return await runner.kill();
    sendLine(control, { kind: 'started', id: runner.id, socketDir: directory.path });
    void this.#obey(control, runner);
    // It fails with the link; the plugin is ended then, which may take a while.
    const written = this.#carryOutput(runner).catch(() => {});
    const exit = await firstValueFrom(runner.exit$);
    // The exit comes behind the output.
    await settledWithin(OUTPUT_TIMEOUT_MS, written);
    sendLine(control, { kind: 'exit', exit, diagnosis: await diagnosisOf(runner) });
  }

  async #carryOutput(runner: Runner): Promise<void> {
    await firstValueFrom(this.#outputsThere);
    const carried = [...this.#outputs].map(([kind, stream]) =>
      finished(runner[kind].pipe(stream), { readable: false }),
    );
    await Promise.all(carried);
  }

  async #obey(control: Duplex, runner: Runner): Promise<void> {
    for (;;) {
      const request = await readMessage<RelayRequest>(control).catch(() => undefined);
      if (request === undefined) return;
      if (request.kind === 'kill') await runner.kill().catch(() => {});
    }
  }

  /** A socket of the host, as a socket here. It is closed with the stream. */
  async #listen(stream: Duplex): Promise<void> {
    if (this.#directory === undefined) throw new Error('no plugin runs');
    const listener = await listenUnix({ socketDir: this.#directory.path });
    this.#listeners.add(listener);
    listener.connection$.subscribe((socket) => {
      void this.#accepted(socket, { kind: 'accepted', address: listener.address }).catch(() => socket.destroy());
    });
    stream.once('close', () => {
      this.#listeners.delete(listener);
      void listener.close();
    });
    stream.resume();
    sendLine(stream, { kind: 'listening', address: listener.address });
  }

  async #accepted(socket: Duplex, message: RelayAccepted): Promise<void> {
    socket.on('error', () => {});
    const stream = await this.#session.open();
    sendLine(stream, message);
    join(stream, socket);
  }
}

/** Text of a runner is not bounded; a message is. */
async function diagnosisOf(runner: Runner): Promise<string> {
  return truncateText(await runner.diagnose(), MAX_DIAGNOSIS_CHARS);
}
