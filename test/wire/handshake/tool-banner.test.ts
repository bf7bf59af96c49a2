import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { HandshakeError } from '../../../src/errors.js';
import { parseHandshake } from '../../../src/wire/handshake/parse-handshake.js';

describe('a first line that is no handshake: who printed it, and what to do', () => {
  const lines: readonly (readonly [line: string, says: RegExp])[] = [
    ['', /`npm run` and `pnpm run` print a blank line.*: run the plugin's file itself.*, or `npm --silent run`\.$/],
    ['  ', /print a blank line/],
    ['> kv@1.0.0 plugin', /`npm run` and `pnpm run` print such a line: .*`npm --silent run`\.$/],
    ['> kv@1.0.0 plugin /home/ada/kv', /`npm run` and `pnpm run`/],
    ['> nx run kv:plugin', /nx prints such a line: run the plugin's file itself \(`\['node', 'plugin\.js'\]`\)\.$/],
    ['yarn run v1.22.22', /`yarn run` prints such a line: .*`yarn --silent run`\.$/],
    ['Need to install the following packages:', /npx .* installs a package: install the package before/],
    ['[nodemon] 3.1.0', /nodemon prints such a line: .*`nodemon --quiet`\.$/],
    ['• Packages in scope: kv', /turbo prints such a line/],
    ['[dotenv@17.2.0] injecting env (3) from .env', /dotenv prints such a line: call it with `\{ quiet: true \}`/],
    ['\uFEFFhello', /"\\ufeffhello".* begins with a byte order mark/],
    ['\uFEFF1|1|unix|/tmp/p', /"\\ufeff1" is not an integer.* begins with a byte order mark/],
    ['hello', /Check that the command is a plugin and that it prints nothing before it serves\.$/],
  ];
  for (const [line, says] of lines) {
    test(JSON.stringify(line), () => {
      assert.throws(
        () => parseHandshake(line, { appVersions: [1] }),
        (error) => error instanceof HandshakeError && says.test(error.message),
      );
    });
  }
});
