import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { handshake } from '../../examples/basic/contract.js';
import { netRpcPlugin } from '../../src/index.js';
import { gob, method } from '../../src/net-rpc.js';
import { clientOf, directory, type Mistake, program, start, testMistakes, WELL } from './mistakes.js';

const netRpc = { greeter: netRpcPlugin({ greet: method(gob.string, gob.string) }) };

const MISTAKES: readonly Mistake[] = [
  {
    mistake: 'the plugin has another version',
    make: () => start({ command: program('version.mjs', WELL), handshake: { ...handshake, protocolVersion: 2 } }),
    message:
      'The plugin speaks application protocol version 1, this host speaks 2. Update the plugin or the host, so that they share a version.',
  },
  {
    mistake: 'a net/rpc contract for a gRPC plugin',
    make: () => start({ command: program('netrpc.mjs', WELL), plugins: netRpc }),
    message:
      'The plugin speaks "grpc", this host allows netrpc. Add the protocol to `allowedProtocols` if the plugin is right.',
  },
  {
    mistake: 'a host that names no plugin',
    make: () => start({ command: program('none.mjs', WELL), plugins: {} }),
    message:
      'The plugin speaks "grpc", this host allows no protocol. Name a plugin in `plugins`, or the protocol in `allowedProtocols`.',
  },
  {
    mistake: 'no plugin set',
    make: () => clientOf({ command: ['kv-plugin'], plugins: null }),
    message: 'Expected the plugin set of version 1 to be an object with contracts by name, got null.',
  },
  {
    mistake: 'an array of contracts',
    make: () => clientOf({ command: ['kv-plugin'], plugins: [netRpc.greeter] }),
    message: 'Expected the plugin set of version 1 to be an object with contracts by name, got an array.',
  },
  {
    mistake: 'the port of the plugin is in use',
    varies: /(?<=from )\d+ to \d+/,
    make: async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as { readonly port: number };
      const tcp = WELL.replace('handshake,', "handshake, network: 'tcp',");
      try {
        await start({ command: program('port.mjs', tcp), ports: { min: port, max: port } });
      } finally {
        server.close();
      }
    },
    message:
      'The plugin port exited with code 1 before it printed a handshake. It wrote to stderr: "TransportError: No TCP port from … is free on 127.0.0.1: extend the range, or free a port" (details.stderr has more).',
  },
  {
    mistake: 'AutoMTLS and a plugin without it',
    make: () =>
      start({
        command: program('plaintext.mjs', `delete process.env.PLUGIN_CLIENT_CERT;\n${WELL}`),
        autoMtls: true,
      }),
    message:
      'The plugin announced no certificate, but `autoMtls` is on. Update the plugin library that it is built with (go-plugin 1.0.0 or newer, and no TLS configuration of its own), or turn `autoMtls` off.',
  },
  {
    mistake: 'the checksum of the script, and the file that is checked is node',
    make: () => {
      const command = program('checksum.mjs', WELL);
      const checksum = createHash('sha256').update(readFileSync(command[1])).digest('hex');
      return start({ command, secureConfig: { checksum, hash: 'sha256' } });
    },
    message:
      'The sha256 of <node> is not the one in `secureConfig`: it is another version, or was tampered with. It was not started. Get the plugin from its source again, or correct the checksum if you trust the file. If it is the checksum of the script, name that in `secureConfig.file`.',
  },
  {
    mistake: 'the checksum of node in place of that of the script',
    make: () => {
      const command = program('node-checksum.mjs', WELL);
      const checksum = createHash('sha256').update(readFileSync(process.execPath)).digest('hex');
      return start({ command, secureConfig: { checksum, hash: 'sha256' } });
    },
    message:
      'The checksum in `secureConfig` is that of <node>, which would run <dir>/node-checksum.mjs unchecked. It was not started. Give the checksum of the script, with `secureConfig.file: "<dir>/node-checksum.mjs"`. If only the interpreter is to be checked, name that as `file`.',
  },
  {
    mistake: 'a process that is gone',
    make: () => {
      const { pid } = spawnSync(process.execPath, ['-e', '']);
      const reattach = { protocol: 'grpc', protocolVersion: 1, network: 'unix', address: `${directory}/s`, pid };
      return start({ reattach });
    },
    message:
      'The plugin was not found as process <pid>: there is no such process. It has ended; start a new one, or get a new reattach configuration.',
  },
  {
    mistake: 'a socket directory whose path is too long',
    varies: /\d+ bytes, this system allows \d+/,
    make: () => {
      const tempDir = `${directory}/${'long/'.repeat(20)}`;
      mkdirSync(tempDir, { recursive: true });
      return start({ command: program('long.mjs', WELL), unixSocket: { tempDir } });
    },
    message:
      'The path of a unix socket would have …: <dir>/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/long/plugin-dirXXXXXX/plugin140737488355328. Set TMPDIR, or `unixSocket.tempDir` of the host, to a shorter path.',
    skip: process.platform === 'win32' ? 'no unix sockets' : false,
  },
  {
    mistake: 'a socket directory that cannot be made',
    make: () => start({ command: program('unwritable.mjs', WELL), unixSocket: { tempDir: '/proc' } }),
    message:
      "No directory for unix sockets could be created in /proc (ENOENT: no such file or directory, mkdtemp '/proc/plugin-dirXXXXXX'): check free space and permissions there, or set TMPDIR to another directory.",
    skip: process.platform === 'linux' ? false : 'made for Linux',
  },
  {
    mistake: 'start after stop',
    make: async () => {
      const client = clientOf({ command: program('stopped.mjs', WELL), name: 'greeter' });
      await client.start();
      await client.stop();
      await client.start();
    },
    message: 'The plugin greeter was stopped. Create a new client to start it again.',
  },
];

testMistakes(MISTAKES);
