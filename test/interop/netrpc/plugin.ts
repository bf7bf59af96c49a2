import { of } from 'rxjs';
import { handler, type NetRpcServices } from '../../../src/protocols/netrpc/rpc-service.js';
import { type GobSchema, type GobType, gob } from '../../../src/wire/gob/index.js';

export const BasicError = gob.struct('BasicError', { Message: gob.string });

/** What `go/rpcpeer` registers. */
export const registry = gob.registry({
  '*plugin.BasicError': BasicError,
  'map[string]interface {}': gob.map(
    gob.string,
    gob.lazy(() => gob.interface()),
  ),
  '[]interface {}': gob.slice(gob.lazy(() => gob.interface())),
});

export const PutArgs = gob.struct('PutArgs', {
  Key: gob.string,
  Value: gob.bytes,
  Tags: gob.map(gob.string, gob.any),
});
export const PutReply = gob.struct('PutReply', { Size: gob.int, Echo: PutArgs });
export const Outcome = gob.struct('Outcome', { Value: gob.any, Err: gob.interface(registry) });

const Nil: GobSchema<GobType<ReturnType<typeof gob.interface>>> = gob.interface();

/** The services of `go/rpcpeer`, here. Each connection needs its own. */
export function pluginServices(): NetRpcServices {
  let open: () => void;
  const gate = new Promise<void>((resolve) => {
    open = resolve;
  });
  const methods = {
    Greet: handler(gob.string, gob.string, (name) => `Hello, ${name}`),
    Put: handler(PutArgs, PutReply, (args) => of({ Size: args.Value.length, Echo: args })),
    Fail: handler(gob.string, gob.int, async (text) => {
      throw new Error(text);
    }),
    Echo: handler(gob.bytes, gob.bytes, (bytes) => bytes),
    Empty: handler(gob.empty, gob.empty, () => {}),
    Nothing: handler(Nil, gob.string, () => 'nothing'),
    Count: handler(gob.empty, gob.map(gob.string, gob.int), () => ({})),
    Wait: handler(gob.int, gob.int, (n) => gate.then(() => n * 2)),
    Open: handler(gob.empty, gob.empty, () => open()),
    Result: handler(gob.string, Outcome, (kind) =>
      kind === 'error'
        ? { Value: null, Err: { type: '*plugin.BasicError' as const, value: { Message: 'inner' } } }
        : { Value: { n: 12, deep: ['a', 2.5] }, Err: null },
    ),
  };
  return new Map([['Plugin', new Map(Object.entries(methods))]]);
}
