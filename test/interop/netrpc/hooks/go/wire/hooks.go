// Package wire carries hooks and API over net/rpc in the manner of a chat server: arguments and returns as structs of fields A, B, C,
// errors in interfaces as registered strings, readers and response writers by broker id.
package wire

import (
	"encoding/gob"
	"io"
	"net/http"
	"net/rpc"

	"github.com/hashicorp/go-plugin"

	"rxplug.test/netrpc/hooks/model"
)

// Handshake is of both programs.
var Handshake = plugin.HandshakeConfig{
	ProtocolVersion:  1,
	MagicCookieKey:   "RXPLUG_HOOKS",
	MagicCookieValue: "Securely message teams, anywhere.",
}

// Hooks is what a plugin implements.
type Hooks interface {
	Implemented() ([]string, error)
	OnActivate(api API) error
	OnConfigurationChange() error
	MessageWillBePosted(context *model.Context, post *model.Post) (*model.Post, string)
	ExecuteCommand(context *model.Context, args *model.CommandArgs) (*model.CommandResponse, *model.AppError)
	ServeHTTP(context *model.Context, w http.ResponseWriter, r *http.Request)
}

// ErrorString is what is left of an error that cannot be encoded.
type ErrorString struct{ Err string }

func (e ErrorString) Error() string { return e.Err }

func init() { gob.Register(&ErrorString{}) }

func encodable(err error) error {
	if err == nil {
		return nil
	}
	if app, ok := err.(*model.AppError); ok {
		return app
	}
	return &ErrorString{err.Error()}
}

// Arguments and returns, by position.
type (
	OnActivateArgs    struct{ APIMuxId uint32 }
	OnActivateReturns struct{ A error }
	PostedArgs        struct {
		A *model.Context
		B *model.Post
	}
	PostedReturns struct {
		A *model.Post
		B string
	}
	CommandArgs struct {
		A *model.Context
		B *model.CommandArgs
	}
	CommandReturns struct {
		A *model.CommandResponse
		B *model.AppError
	}
	ServeHTTPArgs struct {
		ResponseStream uint32
		Request        *http.Request
		Context        *model.Context
		BodyStream     uint32
	}
)

// HooksPlugin makes both sides.
type HooksPlugin struct {
	Impl Hooks
	API  API
}

// Server is the plugin's side.
func (p *HooksPlugin) Server(broker *plugin.MuxBroker) (any, error) {
	return &hooksServer{p.Impl, broker}, nil
}

// Client is the host's side.
func (p *HooksPlugin) Client(broker *plugin.MuxBroker, client *rpc.Client) (any, error) {
	return &hooksClient{client, broker, p.API}, nil
}

type hooksServer struct {
	impl   Hooks
	broker *plugin.MuxBroker
}

func (s *hooksServer) Implemented(_ struct{}, reply *[]string) (err error) {
	*reply, err = s.impl.Implemented()
	return err
}

func (s *hooksServer) OnActivate(args *OnActivateArgs, returns *OnActivateReturns) error {
	conn, err := s.broker.Dial(args.APIMuxId)
	if err != nil {
		return err
	}
	returns.A = encodable(s.impl.OnActivate(&apiClient{rpc.NewClient(conn), s.broker}))
	return nil
}

func (s *hooksServer) OnConfigurationChange(_ struct{}, returns *OnActivateReturns) error {
	returns.A = encodable(s.impl.OnConfigurationChange())
	return nil
}

func (s *hooksServer) MessageWillBePosted(args *PostedArgs, returns *PostedReturns) error {
	returns.A, returns.B = s.impl.MessageWillBePosted(args.A, args.B)
	return nil
}

func (s *hooksServer) ExecuteCommand(args *CommandArgs, returns *CommandReturns) error {
	returns.A, returns.B = s.impl.ExecuteCommand(args.A, args.B)
	return nil
}

func (s *hooksServer) ServeHTTP(args *ServeHTTPArgs, _ *struct{}) error {
	conn, err := s.broker.Dial(args.ResponseStream)
	if err != nil {
		return err
	}
	response := &remoteResponse{client: rpc.NewClient(conn)}
	defer response.client.Close()
	args.Request.Body = http.NoBody
	if args.BodyStream != 0 {
		body, err := s.broker.Dial(args.BodyStream)
		if err != nil {
			return err
		}
		args.Request.Body = &remoteReader{body}
	}
	defer args.Request.Body.Close()
	s.impl.ServeHTTP(args.Context, response, args.Request)
	return nil
}

type hooksClient struct {
	client *rpc.Client
	broker *plugin.MuxBroker
	api    API
}

func (c *hooksClient) Implemented() (names []string, err error) {
	return names, c.client.Call("Plugin.Implemented", struct{}{}, &names)
}

func (c *hooksClient) OnActivate(API) error {
	id := c.broker.NextId()
	go c.broker.AcceptAndServe(id, &apiServer{c.api, c.broker})
	var returns OnActivateReturns
	if err := c.client.Call("Plugin.OnActivate", &OnActivateArgs{id}, &returns); err != nil {
		return err
	}
	return returns.A
}

func (c *hooksClient) OnConfigurationChange() error {
	var returns OnActivateReturns
	if err := c.client.Call("Plugin.OnConfigurationChange", struct{}{}, &returns); err != nil {
		return err
	}
	return returns.A
}

func (c *hooksClient) MessageWillBePosted(context *model.Context, post *model.Post) (*model.Post, string) {
	var returns PostedReturns
	if err := c.client.Call("Plugin.MessageWillBePosted", &PostedArgs{context, post}, &returns); err != nil {
		return nil, err.Error()
	}
	return returns.A, returns.B
}

func (c *hooksClient) ExecuteCommand(context *model.Context, args *model.CommandArgs) (*model.CommandResponse, *model.AppError) {
	var returns CommandReturns
	if err := c.client.Call("Plugin.ExecuteCommand", &CommandArgs{context, args}, &returns); err != nil {
		return nil, failed("ExecuteCommand", err)
	}
	return returns.A, returns.B
}

func (c *hooksClient) ServeHTTP(context *model.Context, w http.ResponseWriter, r *http.Request) {
	args := &ServeHTTPArgs{ResponseStream: c.broker.NextId(), Context: context, Request: forwarded(r)}
	served := make(chan struct{})
	go func() {
		defer close(served)
		c.broker.AcceptAndServe(args.ResponseStream, &responseServer{w})
	}()
	if r.Body != nil {
		args.BodyStream = c.broker.NextId()
		go c.serveBody(args.BodyStream, r.Body)
	}
	if err := c.client.Call("Plugin.ServeHTTP", args, nil); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	<-served
}

func (c *hooksClient) serveBody(id uint32, body io.ReadCloser) {
	defer body.Close()
	if conn, err := c.broker.Accept(id); err == nil {
		serveReader(body, conn)
	}
}

// forwarded is what of a request can be sent.
func forwarded(r *http.Request) *http.Request {
	return &http.Request{
		Method: r.Method, URL: r.URL, Proto: r.Proto, ProtoMajor: r.ProtoMajor, ProtoMinor: r.ProtoMinor,
		Header: r.Header, Host: r.Host, RemoteAddr: r.RemoteAddr, RequestURI: r.RequestURI,
	}
}
