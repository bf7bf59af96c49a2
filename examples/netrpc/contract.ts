import { type HandshakeConfig, netRpcPlugin } from 'rxplug';
import { BasicError, gob, method } from 'rxplug/net-rpc';

/** Shared by host and plugin. */
export const handshake: HandshakeConfig = {
  protocolVersion: 1,
  magicCookieKey: 'BASIC_PLUGIN',
  magicCookieValue: 'hello',
};

// In Go: type Entry struct { Key string; Value []byte; Tags map[string]string; Expires time.Time }
export const Entry = gob.struct('Entry', {
  Key: gob.string,
  Value: gob.bytes,
  Tags: gob.map(gob.string, gob.string),
  Expires: gob.date,
});

// In Go: type Lookup struct { Entry *Entry; Err *plugin.BasicError }
export const Lookup = gob.struct('Lookup', { Entry: gob.optional(Entry), Err: gob.optional(BasicError) });

export const plugins = {
  greeter: netRpcPlugin({ greet: method(gob.interface(), gob.string) }),
  kv: netRpcPlugin({
    put: method(Entry, gob.int),
    get: method(gob.string, Lookup),
    delete: method(gob.string, gob.empty),
  }),
};
