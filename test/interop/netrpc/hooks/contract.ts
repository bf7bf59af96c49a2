import { gob, method, type NetRpcMethods } from '../../../../src/net-rpc.js';
import { Any, AppError, CommandArgs, CommandResponse, Context, HttpHeader, HttpRequest, Post } from './model.js';

/** The arguments and returns of `go/wire`. */

export const handshake = {
  protocolVersion: 1,
  magicCookieKey: 'RXPLUG_HOOKS',
  magicCookieValue: 'Securely message teams, anywhere.',
};

export const OnActivateArgs = gob.struct('OnActivateArgs', { APIMuxId: gob.uint32 });
export const OnActivateReturns = gob.struct('OnActivateReturns', { A: Any });
export const PostedArgs = gob.struct('PostedArgs', { A: gob.pointer(Context), B: gob.pointer(Post) });
export const PostedReturns = gob.struct('PostedReturns', { A: gob.pointer(Post), B: gob.string });
export const ExecuteArgs = gob.struct('CommandArgs', { A: gob.pointer(Context), B: gob.pointer(CommandArgs) });
export const ExecuteReturns = gob.struct('CommandReturns', {
  A: gob.pointer(CommandResponse),
  B: gob.pointer(AppError),
});
export const ServeHttpArgs = gob.struct('ServeHTTPArgs', {
  ResponseStream: gob.uint32,
  Request: gob.pointer(HttpRequest),
  Context: gob.pointer(Context),
  BodyStream: gob.uint32,
});

export const hooks = {
  Implemented: method(gob.empty, gob.slice(gob.string)),
  OnActivate: method(OnActivateArgs, OnActivateReturns),
  OnConfigurationChange: method(gob.empty, OnActivateReturns),
  MessageWillBePosted: method(PostedArgs, PostedReturns),
  ExecuteCommand: method(ExecuteArgs, ExecuteReturns),
  ServeHTTP: method(ServeHttpArgs, gob.empty),
} satisfies NetRpcMethods;

export const api = {
  KVSet: method(
    gob.struct('KVSetArgs', { A: gob.string, B: gob.bytes }),
    gob.struct('KVSetReturns', { A: gob.pointer(AppError) }),
  ),
  KVGet: method(
    gob.struct('KVGetArgs', { A: gob.string }),
    gob.struct('KVGetReturns', { A: gob.bytes, B: gob.pointer(AppError) }),
  ),
  GetPost: method(
    gob.struct('GetPostArgs', { A: gob.string }),
    gob.struct('GetPostReturns', { A: gob.pointer(Post), B: gob.pointer(AppError) }),
  ),
  LogInfo: method(gob.struct('LogArgs', { A: gob.string, B: gob.slice(Any) }), gob.empty),
  Install: method(
    gob.struct('InstallArgs', { ContentStream: gob.uint32, B: gob.bool }),
    gob.struct('InstallReturns', { A: gob.int, B: gob.string, C: gob.pointer(AppError) }),
  ),
} satisfies NetRpcMethods;

export const response = {
  Header: method(gob.empty, HttpHeader),
  SyncHeader: method(HttpHeader, gob.empty),
  Write: method(gob.bytes, gob.empty),
  WriteHeader: method(gob.int, gob.empty),
} satisfies NetRpcMethods;
