import { netRpcPlugin } from 'rxplug';
import { BasicError, type GobSchema, gob, method, type NetRpcMethods } from 'rxplug/net-rpc';

/** The net/rpc methods of `test/conformance/go/contract`, plugin by plugin, in our own schemas. */

const PutArgs = gob.struct('PutArgs', { Key: gob.string, Value: gob.bytes });
const GetReply = gob.struct('GetReply', { Value: gob.bytes, Revision: gob.uint });
const ListReply = gob.struct('ListReply', { Key: gob.string, Value: gob.bytes, Revision: gob.uint });
const Empty = gob.struct('Empty', {});

const kvMethods = {
  Put: method(PutArgs, gob.uint),
  Get: method(gob.string, GetReply),
  Delete: method(gob.string, gob.bool),
  List: method(gob.string, gob.slice(ListReply)),
  Snapshot: method(gob.empty, gob.map(gob.string, gob.bytes)),
};

const Nothing: GobSchema<{ type: string; value: unknown } | null> = gob.interface();

/** What a greeter does without its broker. */
export const greetings = {
  Greet: method(Nothing, gob.string),
  GreetName: method(gob.string, gob.string),
};

const greeterMethods = {
  ...greetings,
  GreetThrough: method(gob.struct('GreetThroughArgs', { Name: gob.string, BrokerID: gob.uint32 }), gob.string),
  Offer: method(gob.empty, gob.uint32),
};

/** What a host serves to GreetThrough. */
export const decorator = { Decorate: method(gob.string, gob.string) };

interface NestedValue {
  Name: string;
  Value: number;
  Next: NestedValue | null;
}
const Nested: GobSchema<NestedValue> = gob.struct('Nested', {
  Name: gob.string,
  Value: gob.int,
  Next: gob.pointer(gob.lazy(() => Nested)),
});

const Everything = gob.struct('Everything', {
  Bool: gob.bool,
  Int: gob.int,
  Int64: gob.intExact,
  Uint64: gob.uintExact,
  Float: gob.float,
  String: gob.string,
  Bytes: gob.bytes,
  Strings: gob.slice(gob.string),
  Counts: gob.map(gob.string, gob.int),
  Nested: gob.pointer(Nested),
  List: gob.slice(Nested),
  When: gob.time,
  Any: gob.any,
  Err: gob.pointer(BasicError),
});

const LogArgs = gob.struct('LogArgs', {
  Level: gob.string,
  Logger: gob.string,
  Message: gob.string,
  Keys: gob.slice(gob.string),
  Values: gob.slice(gob.string),
});

const Description = gob.struct('Description', {
  Pid: gob.int,
  Language: gob.string,
  Version: gob.int,
  Args: gob.slice(gob.string),
  Env: gob.map(gob.string, gob.string),
  Stdin: gob.string,
});

const probeMethods = {
  Echo: method(gob.bytes, gob.bytes),
  Everything: method(Everything, Everything),
  Fail: method(gob.string, Empty),
  Wait: method(gob.string, gob.string),
  Release: method(gob.string, Empty),
  Hang: method(gob.string, Empty),
  Log: method(LogArgs, Empty),
  Write: method(gob.struct('WriteArgs', { Stream: gob.string, Data: gob.bytes, Times: gob.uint32 }), Empty),
  Crash: method(gob.struct('CrashArgs', { Kind: gob.string, ExitCode: gob.int, Message: gob.string }), Empty),
  Describe: method(gob.empty, Description),
  Copy: method(
    gob.struct('CopyArgs', { ReaderID: gob.uint32, WriterID: gob.uint32 }),
    gob.struct('CopyReply', { Bytes: gob.int, Sha256: gob.string }),
  ),
  Open: method(gob.empty, gob.uint32),
};

/** The key-value store. */
export const kv = netRpcPlugin(kvMethods);
/** go-plugin's basic example, with names and callbacks. */
export const greeter = netRpcPlugin(greeterMethods);
/** Does what a test wants to see. */
export const probe = netRpcPlugin(probeMethods);

/** The methods of all plugins, by name: no name is used twice. */
export const METHODS: NetRpcMethods = {
  ...kvMethods,
  ...greeterMethods,
  ...decorator,
  ...probeMethods,
};

/** Go types that tests give in place of a method's own, as in `test/conformance/go/host/netrpc.go`. */
export const GO_TYPES: Readonly<Record<string, GobSchema>> = {
  int: gob.int,
  string: gob.string,
  'struct{}': gob.empty,
  Everything,
};
