import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module';

async function main() {
  const app = await NestFactory.create(AppModule);
  // Without it Nest stops no plugin when the process gets SIGTERM.
  app.enableShutdownHooks();
  await app.listen(process.env['PORT'] ?? 3000);
  console.log('listening on', await app.getUrl());
}
void main();
