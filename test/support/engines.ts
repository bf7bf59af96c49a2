import { test as nodeTest } from 'node:test';
import type { Http2Engine } from '../../src/transports/http2/engine.js';
import { nodeHttp2Engine } from '../../src/transports/http2/node-engine.js';
import { rxHttp2Engine } from '../../src/transports/http2/rx-engine.js';

const ENGINES: Readonly<Record<string, Http2Engine>> = { 'node:http2': nodeHttp2Engine, rx: rxHttp2Engine };

/** What the test at hand is to run on. Tests of a file run one after the other. */
export let currentEngine: Http2Engine = nodeHttp2Engine;

/** The same test once per HTTP/2 engine. */
export function test(name: string, body: () => void | Promise<void>): void {
  for (const [engine, implementation] of Object.entries(ENGINES)) {
    nodeTest(`${name} [${engine}]`, async () => {
      currentEngine = implementation;
      await body();
    });
  }
}
