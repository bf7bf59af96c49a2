/** `go/plugin` in TypeScript. */
import { createHash } from 'node:crypto';
import { inject } from 'inversify';
import { firstValueFrom } from 'rxjs';
import { MUX_BROKER, NetRpcMethod, NetRpcService } from '../../../../src/di/index.js';
import { serve } from '../../../../src/index.js';
import {
  createNetRpcClient,
  createTypedClient,
  type GobType,
  gob,
  type MuxBroker,
  type NetRpcClientOf,
} from '../../../../src/net-rpc.js';
import {
  api,
  ExecuteArgs,
  ExecuteReturns,
  handshake,
  OnActivateArgs,
  OnActivateReturns,
  PostedArgs,
  PostedReturns,
  response,
  ServeHttpArgs,
} from './contract.js';
import { registry } from './model.js';
import { collect, readRemote, serveReader } from './remote.js';

const list = (...value: { type: string; value: unknown }[]) => ({ type: '[]interface {}', value });
const text = (value: string) => ({ type: 'string', value });
const int = (value: number) => ({ type: 'int', value });

@NetRpcService({ registry })
class Hooks {
  constructor(@inject(MUX_BROKER) private readonly broker: MuxBroker) {}

  @NetRpcMethod(gob.empty, gob.slice(gob.string))
  Implemented() {
    return ['OnActivate', 'MessageWillBePosted', 'ExecuteCommand', 'ServeHTTP'];
  }

  @NetRpcMethod(OnActivateArgs, OnActivateReturns)
  async OnActivate({ APIMuxId }: GobType<typeof OnActivateArgs>) {
    const rpc = createNetRpcClient(await this.broker.dial(APIMuxId), { registry });
    await activate(createTypedClient(rpc, 'Plugin', api), this.broker);
    return { A: null };
  }

  @NetRpcMethod(gob.empty, OnActivateReturns)
  OnConfigurationChange() {
    return { A: { type: '*wire.ErrorString', value: { Err: 'the configuration is not good' } } };
  }

  @NetRpcMethod(PostedArgs, PostedReturns)
  MessageWillBePosted({ A: context, B: post }: GobType<typeof PostedArgs>) {
    if (post === null || post.Message === 'reject') return { A: null, B: `rejected for ${context?.IPAddress}` };
    const seen = list({ type: 'bool', value: true }, int(2), text('three'));
    return { A: { ...post, Message: post.Message.toUpperCase(), Props: { ...post.Props, seen } }, B: '' };
  }

  @NetRpcMethod(ExecuteArgs, ExecuteReturns)
  ExecuteCommand({ B: args }: GobType<typeof ExecuteArgs>): GobType<typeof ExecuteReturns> {
    if (args === null || args.Command === '/fail') {
      const DetailedError = `user_id=${args?.UserId}`;
      const B = { Id: 'app.fail', Message: 'failed', DetailedError, Where: 'ExecuteCommand', StatusCode: 418 };
      return { A: null, B };
    }
    const Fields = [
      { Title: 'n', Value: int(7), Short: true },
      { Title: 'none', Value: null, Short: false },
    ];
    const Attachments = [
      { Id: 1, Color: '#ff8000', Text: args.Command, Timestamp: { type: 'float64', value: 1.5 }, Fields },
      { Id: 0, Color: '', Text: args.Mentions['ada'] ?? '', Timestamp: text('now'), Fields: [] },
    ];
    const deep = { list: { type: '[]interface {}', value: [null, text('x')] } };
    const Props = {
      attachments: { type: '[]*model.Attachment', value: Attachments },
      deep: { type: 'map[string]interface {}', value: deep },
    };
    return {
      A: { Text: 'done', Props, Attachments, Extra: [{ Text: 'more', Props: {}, Attachments: [], Extra: [] }] },
      B: null,
    };
  }

  @NetRpcMethod(ServeHttpArgs, gob.empty)
  async ServeHTTP({ ResponseStream, Request: request, Context: context, BodyStream }: GobType<typeof ServeHttpArgs>) {
    await using writer = createTypedClient(
      createNetRpcClient(await this.broker.dial(ResponseStream)),
      'Plugin',
      response,
    );
    const body = BodyStream === 0 ? Buffer.alloc(0) : await collect(readRemote(await this.broker.dial(BodyStream)));
    const { pathname, search } = new URL(request?.URL ?? '');
    const header = await firstValueFrom(writer.Header());
    header['X-Url'] = [`${decodeURIComponent(pathname)}${search}`];
    header['X-Echo'] = [...(request?.Header['X-Many'] ?? [])];
    await firstValueFrom(writer.SyncHeader(header));
    await firstValueFrom(writer.WriteHeader(201));
    const digest = createHash('sha256').update(body).digest('hex');
    const line = `${request?.Method} ${request?.Host} ${body.length} ${digest} ${context?.SessionId}\n`;
    await firstValueFrom(writer.Write(Buffer.from(line)));
    await firstValueFrom(writer.Write(body));
  }
}

async function activate(host: NetRpcClientOf<typeof api>, broker: MuxBroker): Promise<void> {
  await firstValueFrom(host.KVSet({ A: 'activated', B: Buffer.from('yes') }));
  const { A: value } = await firstValueFrom(host.KVGet({ A: 'activated' }));
  const { A: post } = await firstValueFrom(host.GetPost({ A: 'first' }));
  const { B: missing } = await firstValueFrom(host.GetPost({ A: 'none' }));
  if (post === null || missing === null) throw new Error('expected a post, and an error');
  const error = `${missing.Where}: ${missing.Message}, ${missing.DetailedError}`;
  const props = { type: 'map[string]interface {}', value: post.Props };
  const said = ['value', Buffer.from(value).toString(), 'post', post.Message].map(text);
  const failed = [text('missing'), text(error), text('status'), int(missing.StatusCode)];
  await firstValueFrom(host.LogInfo({ A: 'activated', B: [...said, text('props'), props, ...failed] }));
  const ContentStream = broker.nextId();
  const content = Buffer.from('0123456789abcdef'.repeat(12_500));
  const sent = firstValueFrom(broker.accept(ContentStream)).then((stream) => serveReader(stream, content));
  const installed = await firstValueFrom(host.Install({ ContentStream, B: true }));
  await sent;
  const size = { type: 'int64', value: installed.A };
  await firstValueFrom(host.LogInfo({ A: 'installed', B: [text('size'), size, text('digest'), text(installed.B)] }));
}

await serve({ handshake, plugins: { hooks: Hooks } });
