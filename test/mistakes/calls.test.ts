import { firstValueFrom, lastValueFrom } from 'rxjs';
import { handshake, plugins } from '../../examples/grpc-kv/contract.js';
import { clientOf, file, type Mistake, program, testMistakes, using, WELL } from './mistakes.js';

const well = () => ({ name: 'greeter', command: program('well.mjs', WELL) });
const bytes = Buffer.from('1');

/** A store whose methods are these, besides those that do nothing. */
function store(name: string, methods: string, nodeOptions: readonly string[] = []) {
  const text = `
import { implement, serve } from 'rxplug';
import { handshake, plugins } from 'kv-contract';
const kv = { get: () => ({}), put: () => ({ revision: 1n }), watch: async function* () {}, import: () => ({}), sync: async function* () {} };
await serve({ handshake, plugins: { kv: implement(plugins.kv, { ...kv, ${methods} }) } });
`;
  const path = file(name, text);
  return { name: 'store', command: [process.execPath, ...nodeOptions, path], handshake, plugins };
}

type Kv = { readonly [Name in 'get' | 'put' | 'watch']: (...args: unknown[]) => never };

/** Makes a call of the store. */
function call(options: object, use: (kv: Kv) => Parameters<typeof lastValueFrom>[0]): Promise<unknown> {
  return using(options, async (client) => lastValueFrom(use((await client.dispense('kv' as never)) as unknown as Kv)));
}

const MISTAKES: readonly Mistake[] = [
  {
    mistake: 'dispense before start',
    make: () => clientOf(well()).dispense('greeter'),
    message: 'The plugin greeter is idle, expected it to be running. Await start() first.',
  },
  {
    mistake: 'dispense after stop',
    make: async () => {
      const client = clientOf(well());
      await client.start();
      await client.stop();
      await client.dispense('greeter');
    },
    message: 'The plugin greeter was stopped. Create a new client to start it again.',
  },
  {
    mistake: 'dispense of an unknown name',
    make: () => using(well(), (client) => client.dispense('greter' as 'greeter')),
    message: 'unknown plugin type: greter. This host knows greeter.',
  },
  {
    mistake: 'a call after stop',
    make: async () => {
      const client = clientOf(well());
      await client.start();
      const greeter = await client.dispense('greeter');
      await client.stop();
      await firstValueFrom(greeter.greet({ name: 'Ada' }));
    },
    message: 'greeter: /greeter.v1.Greeter/Greet CANCELLED: The plugin greeter was stopped.',
  },
  {
    mistake: 'a handler throws',
    make: () =>
      call(store('throws.mjs', `get: () => { throw new TypeError('no store'); }`), (kv) => kv.get({ key: 'a' })),
    message: 'store: /kv.v1.KV/Get UNKNOWN: no store',
  },
  {
    mistake: 'a handler returns undefined',
    make: () => call(store('undefined.mjs', 'get: () => {}'), (kv) => kv.get({ key: 'a' })),
    message:
      'store: /kv.v1.KV/Get INTERNAL: The handler of /kv.v1.KV/Get gave a response that cannot be sent: it is undefined.',
  },
  {
    mistake: 'a handler returns an array for a stream',
    make: () => call(store('array.mjs', 'watch: () => []'), (kv) => kv.watch({ prefix: '' })),
    message:
      'store: /kv.v1.KV/Watch INTERNAL: The handler of /kv.v1.KV/Watch gave neither an Observable nor an AsyncIterable.',
  },
  {
    mistake: 'a handler returns text for bytes',
    make: () => call(store('bytes.mjs', `get: () => ({ value: 'text' })`), (kv) => kv.get({ key: 'a' })),
    message:
      'store: /kv.v1.KV/Get INTERNAL: The handler of /kv.v1.KV/Get gave a response that cannot be sent: a bytes field takes a Uint8Array, got string.',
  },
  {
    mistake: 'text for bytes in a request',
    make: () => call(store('text.mjs', ''), (kv) => kv.put({ key: 'a', value: 'text' })),
    message:
      'store: /kv.v1.KV/Put INTERNAL: The request could not be encoded: a bytes field takes a Uint8Array, got string',
  },
  {
    mistake: 'a misspelt field of a request, with `strictMessages`',
    make: () =>
      call({ ...store('strict.mjs', ''), grpc: { strictMessages: true } }, (kv) => kv.put({ key: 'a', vale: bytes })),
    message:
      'store: /kv.v1.KV/Put INTERNAL: The request could not be encoded: there is no field `vale`: the message has `key`, `value`',
  },
  {
    mistake: 'a number for a string in a request, with `strictMessages`',
    make: () =>
      call({ ...store('strict-type.mjs', ''), grpc: { strictMessages: true } }, (kv) =>
        kv.put({ key: 5, value: bytes }),
      ),
    message:
      'store: /kv.v1.KV/Put INTERNAL: The request could not be encoded: the field `key` takes a string, got 5 (number)',
  },
  {
    mistake: 'a misspelt field of a response, with RXPLUG_STRICT_MESSAGES',
    make: () =>
      call(
        { ...store('strict-response.mjs', 'get: () => ({ valeu: 1 })'), env: { RXPLUG_STRICT_MESSAGES: '1' } },
        (kv) => kv.get({ key: 'a' }),
      ),
    message:
      'store: /kv.v1.KV/Get INTERNAL: The handler of /kv.v1.KV/Get gave a response that cannot be sent: there is no field `valeu`: the message has `value`, `revision`.',
  },
  {
    mistake: 'a deadline that passes',
    make: () =>
      call(store('slow.mjs', 'get: () => new Promise(() => {})'), (kv) => kv.get({ key: 'a' }, { timeoutMs: 50 })),
    message: 'store: /kv.v1.KV/Get DEADLINE_EXCEEDED: The call took longer than 50 ms.',
  },
  {
    mistake: 'the plugin is killed',
    make: () =>
      call(store('killed.mjs', `put: () => { process.kill(process.pid, 'SIGKILL'); }`), (kv) =>
        kv.put({ key: 'a', value: bytes }),
      ),
    message:
      'store: /kv.v1.KV/Put UNAVAILABLE: The plugin store exited by SIGKILL, which nobody had asked it to. It wrote no error to stderr (details.stderr has its last lines). The call may have been executed.',
  },
  {
    mistake: 'the plugin runs out of memory',
    varies: /(?<=FATAL ERROR: ).*(?= Allocation failed)/,
    make: () =>
      call(
        store('memory.mjs', 'put: () => { const all = []; for (;;) all.push(new Array(10_000).fill(all)); }', [
          '--max-old-space-size=16',
        ]),
        (kv) => kv.put({ key: 'a', value: bytes }),
      ),
    message:
      'store: /kv.v1.KV/Put UNAVAILABLE: The plugin store exited by SIGABRT, which nobody had asked it to. It wrote to stderr: "FATAL ERROR: … Allocation failed - JavaScript heap out of memory" (details.stderr has more). The call may have been executed.',
  },
  {
    mistake: 'an exception that nobody catches',
    make: () =>
      call(
        store('uncaught.mjs', `put: () => new Promise(() => setImmediate(() => { throw new TypeError('no store'); }))`),
        (kv) => kv.put({ key: 'a', value: bytes }),
      ),
    message:
      'store: /kv.v1.KV/Put UNAVAILABLE: The plugin store exited with code 1, which nobody had asked it to. It wrote to stderr: "TypeError: no store" (details.stderr has more). The call may have been executed.',
  },
  {
    mistake: 'process.exit in a handler',
    make: () => call(store('exit.mjs', 'put: () => process.exit()'), (kv) => kv.put({ key: 'a', value: bytes })),
    message:
      'store: /kv.v1.KV/Put UNAVAILABLE: The plugin store exited with code 0, which nobody had asked it to. It wrote no error to stderr (details.stderr has its last lines). The call may have been executed.',
  },
];

testMistakes(MISTAKES);
