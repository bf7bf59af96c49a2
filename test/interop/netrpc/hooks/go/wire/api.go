package wire

import (
	"io"
	"net/rpc"

	"github.com/hashicorp/go-plugin"

	"rxplug.test/netrpc/hooks/model"
)

// API is what the host offers to plugins.
type API interface {
	KVSet(key string, value []byte) *model.AppError
	KVGet(key string) ([]byte, *model.AppError)
	GetPost(id string) (*model.Post, *model.AppError)
	LogInfo(message string, keyValues ...any)
	// Install takes a file and returns its size and digest.
	Install(content io.Reader, replace bool) (int64, string, *model.AppError)
}

// Arguments and returns, by position.
type (
	KVSetArgs struct {
		A string
		B []byte
	}
	KVSetReturns struct{ A *model.AppError }
	KVGetArgs    struct{ A string }
	KVGetReturns struct {
		A []byte
		B *model.AppError
	}
	GetPostArgs    struct{ A string }
	GetPostReturns struct {
		A *model.Post
		B *model.AppError
	}
	LogArgs struct {
		A string
		B []any
	}
	InstallArgs struct {
		ContentStream uint32
		B             bool
	}
	InstallReturns struct {
		A int64
		B string
		C *model.AppError
	}
)

type apiServer struct {
	impl   API
	broker *plugin.MuxBroker
}

func (s *apiServer) KVSet(args *KVSetArgs, returns *KVSetReturns) error {
	returns.A = s.impl.KVSet(args.A, args.B)
	return nil
}

func (s *apiServer) KVGet(args *KVGetArgs, returns *KVGetReturns) error {
	returns.A, returns.B = s.impl.KVGet(args.A)
	return nil
}

func (s *apiServer) GetPost(args *GetPostArgs, returns *GetPostReturns) error {
	returns.A, returns.B = s.impl.GetPost(args.A)
	return nil
}

func (s *apiServer) LogInfo(args *LogArgs, _ *struct{}) error {
	s.impl.LogInfo(args.A, args.B...)
	return nil
}

func (s *apiServer) Install(args *InstallArgs, returns *InstallReturns) error {
	conn, err := s.broker.Dial(args.ContentStream)
	if err != nil {
		return err
	}
	content := &remoteReader{conn}
	defer content.Close()
	returns.A, returns.B, returns.C = s.impl.Install(content, args.B)
	return nil
}

type apiClient struct {
	client *rpc.Client
	broker *plugin.MuxBroker
}

func (c *apiClient) KVSet(key string, value []byte) *model.AppError {
	var returns KVSetReturns
	if err := c.client.Call("Plugin.KVSet", &KVSetArgs{key, value}, &returns); err != nil {
		return failed("KVSet", err)
	}
	return returns.A
}

func (c *apiClient) KVGet(key string) ([]byte, *model.AppError) {
	var returns KVGetReturns
	if err := c.client.Call("Plugin.KVGet", &KVGetArgs{key}, &returns); err != nil {
		return nil, failed("KVGet", err)
	}
	return returns.A, returns.B
}

func (c *apiClient) GetPost(id string) (*model.Post, *model.AppError) {
	var returns GetPostReturns
	if err := c.client.Call("Plugin.GetPost", &GetPostArgs{id}, &returns); err != nil {
		return nil, failed("GetPost", err)
	}
	return returns.A, returns.B
}

func (c *apiClient) LogInfo(message string, keyValues ...any) {
	_ = c.client.Call("Plugin.LogInfo", &LogArgs{message, keyValues}, nil)
}

func (c *apiClient) Install(content io.Reader, replace bool) (int64, string, *model.AppError) {
	id := c.broker.NextId()
	go func() {
		if conn, err := c.broker.Accept(id); err == nil {
			serveReader(content, conn)
		}
	}()
	var returns InstallReturns
	if err := c.client.Call("Plugin.Install", &InstallArgs{id, replace}, &returns); err != nil {
		return 0, "", failed("Install", err)
	}
	return returns.A, returns.B, returns.C
}

func failed(where string, err error) *model.AppError {
	return &model.AppError{Id: "rpc", Where: where, Message: err.Error()}
}
