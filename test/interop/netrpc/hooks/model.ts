import { type GobSchema, type GobType, gob } from '../../../../src/net-rpc.js';

/** The types of `go/model`. What stands in an interface has its registered name beside it. */

/** Of the connection's registry: below, and so not yet there. */
export const Any: GobSchema<{ type: string; value: unknown } | null> = gob.interface();
const Anything = gob.map(gob.string, Any);

export const Context = gob.struct('Context', {
  SessionId: gob.string,
  RequestId: gob.string,
  IPAddress: gob.string,
  UserAgent: gob.string,
});

const Image = gob.struct('Image', { Width: gob.int, Height: gob.int, Format: gob.string });

const Reaction = gob.struct('Reaction', {
  UserId: gob.string,
  EmojiName: gob.string,
  CreateAt: gob.int,
  RemoteId: gob.pointer(gob.string),
});

const Embed = gob.struct('Embed', { Type: gob.string, URL: gob.string, Data: Any });

const Metadata = gob.struct('Metadata', {
  Embeds: gob.slice(Embed),
  Reactions: gob.slice(Reaction),
  Images: gob.map(gob.string, Image),
  Priority: gob.pointer(
    gob.struct('Priority', { Priority: gob.pointer(gob.string), RequestedAck: gob.pointer(gob.bool) }),
  ),
});

export const Post = gob.struct('Post', {
  Id: gob.string,
  UserId: gob.string,
  ChannelId: gob.string,
  RootId: gob.string,
  Message: gob.string,
  CreateAt: gob.int,
  UpdateAt: gob.int,
  Props: Anything,
  FileIds: gob.slice(gob.string),
  HasReactions: gob.bool,
  IsFollowing: gob.pointer(gob.bool),
  Metadata: gob.pointer(Metadata),
});

const Field = gob.struct('Field', { Title: gob.string, Value: Any, Short: gob.bool });

const Attachment = gob.struct('Attachment', {
  Id: gob.int,
  Color: gob.string,
  Text: gob.string,
  Fields: gob.slice(Field),
  Timestamp: Any,
});

export const CommandArgs = gob.struct('CommandArgs', {
  UserId: gob.string,
  Command: gob.string,
  Mentions: gob.map(gob.string, gob.string),
});

/** A response may have further ones. */
export interface Response {
  Text: string;
  Props: Record<string, { type: string; value: unknown } | null>;
  Attachments: GobType<typeof Attachment>[];
  Extra: Response[];
}

export const CommandResponse: GobSchema<Response> = gob.struct('CommandResponse', {
  Text: gob.string,
  Props: Anything,
  Attachments: gob.slice(Attachment),
  Extra: gob.slice(gob.lazy(() => CommandResponse)),
});

export const AppError = gob.struct('AppError', {
  Id: gob.string,
  Message: gob.string,
  DetailedError: gob.string,
  Where: gob.string,
  StatusCode: gob.int,
});

export const ErrorString = gob.struct('ErrorString', { Err: gob.string });

/** What of an http.Request is forwarded; Go has many fields more, which are defined and not sent. */
export const HttpRequest = gob.struct('Request', {
  Method: gob.string,
  URL: gob.pointer(
    gob.opaque<string>('URL', 'binary', {
      decode: (bytes) => Buffer.from(bytes).toString(),
      encode: (text) => Buffer.from(text),
      zero: () => '',
    }),
  ),
  Proto: gob.string,
  ProtoMajor: gob.int,
  ProtoMinor: gob.int,
  Header: gob.map(gob.string, gob.slice(gob.string)),
  Host: gob.string,
  RemoteAddr: gob.string,
  RequestURI: gob.string,
});

export const HttpHeader = gob.map(gob.string, gob.slice(gob.string));

/** By the names under which `go/` registers them. */
export const registry = gob.registry({
  '[]interface {}': gob.slice(Any),
  'map[string]interface {}': Anything,
  '[]*model.Attachment': gob.slice(Attachment),
  '*model.AppError': AppError,
  '*wire.ErrorString': ErrorString,
  'rxplug.test/netrpc/hooks/model.Reaction': Reaction,
});
