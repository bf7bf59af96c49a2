/** An application of NestJS, compiled as `nest new` has it, with a plugin as a provider. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { within } from '../support/defer.js';
import { generate, toolProject, tsc } from '../support/tool-project.js';

const PACKAGES = [
  'rxjs@7',
  '@bufbuild/protobuf@2',
  '@types/node@20',
  'reflect-metadata@0.2',
  '@nestjs/common@11',
  '@nestjs/core@11',
  '@nestjs/platform-express@11',
];

/** Resolves when the text so far has such a part. */
function reader(stream: NodeJS.ReadableStream) {
  let text = '';
  stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return async (part: RegExp): Promise<string> => {
    for (;;) {
      const found = part.exec(text);
      if (found !== null) return found[1] ?? found[0];
      await within(10_000, `${part.source} in ${text}`, once(stream, 'data'));
    }
  };
}

test('NestJS: a provider, its Observables in answers and in `@Sse`, and the end by shutdown hooks', async (t) => {
  const project = await toolProject(PACKAGES);
  if (project === undefined) return t.skip('npm install failed: no registry');
  after(() => rm(project.directory, { recursive: true }));
  const { directory, env, run } = project;
  await generate(project, 'nestjs', 'ticker');
  await run('nestjs', process.execPath, tsc);

  const cwd = join(directory, 'nestjs');
  const command = JSON.stringify([process.execPath, join(cwd, 'dist/plugin.js')]);
  const app = spawn(process.execPath, ['dist/main.js'], {
    cwd,
    env: { ...env, PLUGIN: command },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => app.kill('SIGKILL'));
  const exit = once(app, 'exit');
  const printed = reader(app.stdout);
  const url = await printed(/listening on (http\S+)/);

  const latest = await fetch(`${url}/prices/AB`);
  assert.deepEqual(await latest.json(), { symbol: 'AB', sequence: 0, value: 100 });
  await printed(/cancelled AB/);

  const abort = new AbortController();
  const live = await fetch(`${url}/prices/CD/live`, { signal: abort.signal });
  assert.match(live.headers.get('content-type') ?? '', /^text\/event-stream/);
  let events = '';
  for await (const chunk of live.body!) {
    events += Buffer.from(chunk).toString();
    if (events.includes('"sequence":2')) break;
  }
  assert.match(events, /data: \{"symbol":"CD","sequence":0,"value":100\}/);
  abort.abort();
  await printed(/cancelled CD/);

  app.kill('SIGTERM');
  await printed(/closing/);
  assert.deepEqual(await within(10_000, 'the end of the application', exit), [null, 'SIGTERM']);
});
