import { fileURLToPath } from 'node:url';
import { concat, concatMap, delay, from, lastValueFrom, map, of, take, tap, toArray } from 'rxjs';
import { createClient } from 'rxplug';
import { handshake, plugins } from './contract.js';

const plugin = fileURLToPath(new URL('plugin.js', import.meta.url));
await using client = createClient({ command: [process.execPath, plugin], handshake, plugins });
await client.start();
const ticker = await client.dispense('ticker');

// `take` unsubscribes from the endless stream, which cancels the call.
const prices = await lastValueFrom(ticker.prices({ symbols: ['AB', 'CD'] }).pipe(take(6), toArray()));
console.log(prices.map(({ symbol, value }) => `${symbol} ${value.toFixed(2)}`).join('  '));

// The same stream as a Readable, with backpressure: the plugin waits for the reader.
let sum = 0;
for await (const { value, sequence } of ticker.prices.readable({ symbols: ['AB'] })) {
  sum += value;
  if (sequence === 999) break;
}
console.log(`sum of a thousand prices: ${sum.toFixed(2)}`);

// Several requests, one response.
const { value, count } = await lastValueFrom(ticker.mean(from(prices)));
console.log(`mean of ${count}: ${value.toFixed(2)}`);

// Requests and responses at the same time, independent of each other.
const input$ = from([1, 2, 3, 4]).pipe(
  concatMap((sequence) => of(sequence).pipe(delay(1))),
  map((sequence) => ({ input: { $case: 'price', price: { symbol: 'AB', sequence, value: sequence * 10 } } }) as const),
);
const limit = { input: { $case: 'limit', limit: 25 } } as const;
await lastValueFrom(
  ticker
    .alerts(concat(of(limit), input$))
    .pipe(tap(({ price, limit }) => console.log(`alert: ${price?.value} is over ${limit}`))),
);
