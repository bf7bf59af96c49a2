import { createHash } from 'node:crypto';
import { firstValueFrom, lastValueFrom } from 'rxjs';
import { type ClientOfContract, createClient, netRpcPlugin } from '../../../../src/index.js';
import {
  createTypedClient,
  type GobType,
  handlersOf,
  type MuxBroker,
  type NetRpcServiceOf,
} from '../../../../src/net-rpc.js';
import { api, handshake, hooks, response } from './contract.js';
import { type HttpHeader, type Post, registry } from './model.js';
import { collect, readRemote, serveReader } from './remote.js';

/** `go/host` in TypeScript. */

/** What became of a call, as the Go host prints it. */
export interface Line {
  readonly name: string;
  readonly values: readonly unknown[];
}

type Dynamic = { type: string; value: unknown } | null;

const text = (value: string) => ({ type: 'string', value });
const list = (...value: Dynamic[]) => ({ type: '[]interface {}', value });
const map = (value: Record<string, Dynamic>) => ({ type: 'map[string]interface {}', value });

function firstPost(): GobType<typeof Post> {
  const fields = [{ Title: 't', Value: list(text('v')), Short: false }];
  const attachment = { Id: 9, Color: '', Text: 'in a map', Fields: fields, Timestamp: null };
  const reaction = { UserId: 'bob', EmojiName: '+1', CreateAt: 5, RemoteId: null };
  return {
    Id: 'first',
    UserId: 'ada',
    ChannelId: '',
    RootId: '',
    Message: 'hello there',
    CreateAt: 0x18bcfe5687b,
    UpdateAt: 0,
    FileIds: ['f1', 'f2'],
    HasReactions: true,
    IsFollowing: true,
    Props: {
      from: text('test'),
      count: {
        type: 'int',
        value: 3,
      },
      ratio: {
        type: 'float64',
        value: 0.25,
      },
      on: {
        type: 'bool',
        value: true,
      },
      nested: map({
        list: list(
          text('a'),
          {
            type: 'int',
            value: 1,
          },
          null,
        ),
      }),
      attachments: {
        type: '[]*model.Attachment',
        value: [attachment],
      },
      reaction: {
        type: 'rxplug.test/netrpc/hooks/model.Reaction',
        value: reaction,
      },
    },
    Metadata: {
      Embeds: [
        {
          Type: 'link',
          URL: 'https://example.com',
          Data: map({ title: text('t') }),
        },
        {
          Type: 'image',
          URL: '',
          Data: null,
        },
      ],
      Reactions: [
        {
          UserId: 'bob',
          EmojiName: 'tada',
          CreateAt: 7,
          RemoteId: 'r1',
        },
      ],
      Images: {
        'a.png': {
          Width: 10,
          Height: -1,
          Format: 'png',
        },
      },
      Priority: {
        Priority: 'urgent',
        RequestedAck: true,
      },
    },
  };
}

function apiService(report: (line: Line) => void, broker: MuxBroker): NetRpcServiceOf<typeof api> {
  const values = new Map<string, Uint8Array>();
  return {
    KVSet: ({ A, B }) => {
      values.set(A, B);
      return { A: null };
    },
    KVGet: ({ A }) => ({ A: values.get(A) ?? new Uint8Array(), B: null }),
    GetPost: ({ A: id }) => {
      const DetailedError = `id=${id}`;
      const B = { Id: 'app.post', Message: 'not found', DetailedError, Where: 'GetPost', StatusCode: 404 };
      return id === 'first' ? { A: firstPost(), B: null } : { A: null, B };
    },
    LogInfo: ({ A, B }) => report({ name: 'log', values: [A, ...B] }),
    Install: async ({ ContentStream }) => {
      const data = await collect(readRemote(await broker.dial(ContentStream)));
      return { A: data.length, B: createHash('sha256').update(data).digest('hex'), C: null };
    },
  };
}

/** The hooks, with the broker for what they pass by id. */
const contract = netRpcPlugin({
  client: ({ rpc, broker }) => ({ broker, hooks: createTypedClient(rpc, 'Plugin', hooks) }),
  serve: () => new Map(),
  codec: { registry },
});

/** Runs a plugin of hooks through everything, and resolves with what became of it. */
export async function runHost(command: [string, ...string[]], autoMtls: boolean): Promise<Line[]> {
  const lines: Line[] = [];
  const report = (name: string, ...values: unknown[]): void => void lines.push({ name, values });
  await using client = createClient({ command, handshake, plugins: { hooks: contract }, autoMtls });
  await client.start();
  const dispensed = await client.dispense('hooks');
  const { broker } = dispensed;
  report('Implemented', await firstValueFrom(dispensed.hooks.Implemented()), null);
  const APIMuxId = broker.nextId();
  const services = new Map([
    [
      'Plugin',
      handlersOf(
        api,
        apiService((line) => void lines.push(line), broker),
        broker,
      ),
    ],
  ]);
  const serving = broker.acceptAndServe(APIMuxId, services, { registry }).subscribe();
  report('OnActivate', (await firstValueFrom(dispensed.hooks.OnActivate({ APIMuxId }))).A);
  await callHooks(dispensed, report);
  for (const size of [0, 1, 300_000]) report('ServeHTTP', ...(await serveHttp(dispensed, Buffer.alloc(size, 'x'))));
  await client.ping();
  serving.unsubscribe();
  return lines;
}

type Dispensed = ClientOfContract<typeof contract>;

const context = { SessionId: 's1', RequestId: '', IPAddress: '10.0.0.1', UserAgent: '' };

async function callHooks({ hooks }: Dispensed, report: (name: string, ...values: unknown[]) => void): Promise<void> {
  const { A: bad } = await firstValueFrom(hooks.OnConfigurationChange());
  report('OnConfigurationChange', `${bad?.type}: ${(bad?.value as { Err: string } | undefined)?.Err}`);
  const blank = { ...firstPost(), Id: '', UserId: '', CreateAt: 0, Props: {}, FileIds: [], HasReactions: false };
  const empty = { ...blank, Message: '', IsFollowing: null, Metadata: null };
  for (const post of [firstPost(), { ...empty, Message: 'reject' }, empty]) {
    const { A, B } = await firstValueFrom(hooks.MessageWillBePosted({ A: context, B: post }));
    report('MessageWillBePosted', A, B);
  }
  const done = await firstValueFrom(
    hooks.ExecuteCommand({ A: context, B: { UserId: 'ada', Command: '/do', Mentions: { ada: 'u1' } } }),
  );
  report('ExecuteCommand', done.A, done.B === null);
  const failed = await firstValueFrom(
    hooks.ExecuteCommand({ A: context, B: { UserId: 'ada', Command: '/fail', Mentions: {} } }),
  );
  report('ExecuteCommand', failed.A, failed.B);
}

async function serveHttp({ hooks, broker }: Dispensed, body: Buffer): Promise<unknown[]> {
  const [ResponseStream, BodyStream] = [broker.nextId(), broker.nextId()];
  const written: Uint8Array[] = [];
  let header: GobType<typeof HttpHeader> = { 'X-Host': ['set before'] };
  let status = 200;
  const writer: NetRpcServiceOf<typeof response> = {
    Header: () => header,
    SyncHeader: (synced) => void (header = synced),
    Write: (data) => void written.push(data),
    WriteHeader: (code) => void (status = code),
  };
  const services = new Map([['Plugin', handlersOf(response, writer, broker)]]);
  const responded = lastValueFrom(broker.acceptAndServe(ResponseStream, services));
  const sent = firstValueFrom(broker.accept(BodyStream)).then((stream) => serveReader(stream, body));
  const Request = {
    Method: 'POST',
    URL: 'https://example.com/hook/a%20b?q=1&q=2',
    Proto: 'HTTP/1.1',
    ProtoMajor: 1,
    ProtoMinor: 1,
    Header: { 'X-Many': ['one', 'two'] },
    Host: 'example.com',
    RemoteAddr: '',
    RequestURI: '',
  };
  await firstValueFrom(hooks.ServeHTTP({ ResponseStream, Request, Context: context, BodyStream }));
  await Promise.all([responded, sent]);
  const all = Buffer.concat(written);
  const end = all.indexOf('\n');
  return [status, header, all.subarray(0, end).toString(), all.subarray(end + 1).equals(body)];
}
