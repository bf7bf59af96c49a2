import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';

test('the application starts the plugin, answers with what it says, and stops it', async () => {
  const app = await NestFactory.create(AppModule, { logger: ['error'] });
  try {
    await app.listen(0, '127.0.0.1');
    const latest = await fetch(`${await app.getUrl()}/prices/AB`);
    assert.deepEqual(await latest.json(), { symbol: 'AB', sequence: 0, value: 100 });
    const leaving = new AbortController();
    const live = await fetch(`${await app.getUrl()}/prices/CD/live`, { signal: leaving.signal });
    assert.match(live.headers.get('content-type') ?? '', /^text\/event-stream/);
    leaving.abort();
  } finally {
    await app.close();
  }
});
