import { Controller, Get, Inject, type MessageEvent, Module, Param, Sse } from '@nestjs/common';
import { map, type Observable, take } from 'rxjs';
import { PluginsModule, TICKER, type Ticker } from './plugins.module';

@Controller('prices')
class PricesController {
  constructor(@Inject(TICKER) private readonly ticker: Ticker) {}

  /** Nest subscribes, and answers with the last value. */
  @Get(':symbol')
  latest(@Param('symbol') symbol: string) {
    return this.ticker.prices({ symbol }).pipe(take(1));
  }

  /** A stream of events. When the browser leaves, Nest unsubscribes, which cancels the call. */
  @Sse(':symbol/live')
  live(@Param('symbol') symbol: string): Observable<MessageEvent> {
    return this.ticker.prices({ symbol }).pipe(map((price) => ({ data: price })));
  }
}

@Module({ imports: [PluginsModule], controllers: [PricesController] })
export class AppModule {}
