import { filter, map, type Observable, reduce, scan } from 'rxjs';
import type { ServiceOf } from 'rxplug';
import type { AlertsRequest, Price, PricesRequest, TickerDefinition } from '../gen/ticker.js';

/** All four call kinds but the simplest. */
export const ticker: ServiceOf<typeof TickerDefinition> = {
  // #region pulled
  /** Pulled at the caller's pace: the generator waits while the caller does. */
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
