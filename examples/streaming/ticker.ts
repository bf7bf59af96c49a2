import { filter, map, type Observable, reduce, scan } from 'rxjs';
import type { ServiceOf } from 'rxplug';
import type { AlertsRequest, Price, PricesRequest, TickerDefinition } from '../gen/ticker.js';

/** The three kinds of streaming calls. */
export const ticker: ServiceOf<typeof TickerDefinition> = {
  // #region pulled
  /** A generator has backpressure: it waits while the caller does not read. */
  async *prices({ symbols }: PricesRequest) {
    for (let sequence = 0; ; sequence++) {
      for (const symbol of symbols) yield { symbol, sequence, value: 100 + Math.sin(sequence / 10) * 5 };
    }
  },
  // #endregion pulled

  // #region requests
  mean(price$: Observable<Price>) {
    return price$.pipe(
      reduce((sum, { value }) => ({ total: sum.total + value, count: sum.count + 1 }), { total: 0, count: 0 }),
      map(({ total, count }) => ({ value: count === 0 ? 0 : total / count, count })),
    );
  },
  // #endregion requests

  // #region both
  alerts(request$: Observable<AlertsRequest>) {
    const none: { limit: number; price?: Price } = { limit: Number.POSITIVE_INFINITY };
    return request$.pipe(
      scan(({ limit }, { input }) => (input?.$case === 'limit' ? { limit: input.limit } : { limit, ...input }), none),
      filter(({ limit, price }) => price !== undefined && price.value > limit),
    );
  },
  // #endregion both
};
