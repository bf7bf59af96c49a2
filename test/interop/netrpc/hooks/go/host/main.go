// Command host runs a plugin of hooks, whose command line it is given, and prints what becomes of each call as a line of JSON.
package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"rxplug.test/netrpc/hooks/model"
	"rxplug.test/netrpc/hooks/wire"
)

func report(name string, values ...any) {
	for i, value := range values {
		if err, ok := value.(error); ok && err != nil {
			values[i] = fmt.Sprintf("%T: %v", err, err)
		}
	}
	line, err := json.Marshal(map[string]any{"name": name, "values": values})
	if err != nil {
		panic(err)
	}
	fmt.Println(string(line))
}

func pointer[T any](value T) *T { return &value }

func firstPost() *model.Post {
	return &model.Post{
		Id: "first", UserId: "ada", Message: "hello there", CreateAt: 1_700_000_000_123,
		Props: model.StringInterface{
			"from": "test", "count": 3, "ratio": 0.25, "on": true, "nested": map[string]any{"list": []any{"a", 1, nil}},
			"attachments": []*model.Attachment{{Id: 9, Text: "in a map", Fields: []*model.Field{{Title: "t", Value: []any{"v"}}}}},
			"reaction":    model.Reaction{UserId: "bob", EmojiName: "+1", CreateAt: 5},
		},
		FileIds: []string{"f1", "f2"}, HasReactions: true, IsFollowing: pointer(true),
		Metadata: &model.Metadata{
			Embeds:    []*model.Embed{{Type: "link", URL: "https://example.com", Data: map[string]any{"title": "t"}}, {Type: "image"}},
			Reactions: []*model.Reaction{{UserId: "bob", EmojiName: "tada", CreateAt: 7, RemoteId: pointer("r1")}},
			Images:    map[string]*model.Image{"a.png": {Width: 10, Height: -1, Format: "png"}},
			Priority:  &model.Priority{Priority: pointer("urgent"), RequestedAck: pointer(true)},
		},
	}
}

type api struct{ values map[string][]byte }

func (a *api) KVSet(key string, value []byte) *model.AppError {
	a.values[key] = value
	return nil
}

func (a *api) KVGet(key string) ([]byte, *model.AppError) { return a.values[key], nil }

func (*api) GetPost(id string) (*model.Post, *model.AppError) {
	if id != "first" {
		return nil, &model.AppError{Id: "app.post", Message: "not found", DetailedError: "id=" + id, Where: "GetPost", StatusCode: 404}
	}
	return firstPost(), nil
}

func (*api) LogInfo(message string, keyValues ...any) {
	report("log", append([]any{message}, keyValues...)...)
}

func (*api) Install(content io.Reader, replace bool) (int64, string, *model.AppError) {
	data, err := io.ReadAll(content)
	if err != nil || !replace {
		return 0, "", &model.AppError{Message: fmt.Sprint(err, replace)}
	}
	return int64(len(data)), fmt.Sprintf("%x", sha256.Sum256(data)), nil
}

func run(command []string) error {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: wire.Handshake,
		Plugins:         plugin.PluginSet{"hooks": &wire.HooksPlugin{API: &api{map[string][]byte{}}}},
		Cmd:             exec.Command(command[0], command[1:]...),
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
		AutoMTLS:        os.Getenv("AUTO_MTLS") != "",
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	dispensed, err := protocol.Dispense("hooks")
	if err != nil {
		return err
	}
	use(dispensed.(wire.Hooks))
	return protocol.Ping()
}

func use(hooks wire.Hooks) {
	names, err := hooks.Implemented()
	report("Implemented", names, err)
	report("OnActivate", hooks.OnActivate(nil))
	report("OnConfigurationChange", hooks.OnConfigurationChange())
	context := &model.Context{SessionId: "s1", IPAddress: "10.0.0.1"}
	post, reason := hooks.MessageWillBePosted(context, firstPost())
	report("MessageWillBePosted", post, reason)
	post, reason = hooks.MessageWillBePosted(context, &model.Post{Message: "reject"})
	report("MessageWillBePosted", post, reason)
	post, reason = hooks.MessageWillBePosted(context, &model.Post{})
	report("MessageWillBePosted", post, reason)
	args := &model.CommandArgs{UserId: "ada", Command: "/do", Mentions: map[string]string{"ada": "u1"}}
	response, appErr := hooks.ExecuteCommand(context, args)
	report("ExecuteCommand", response, appErr == nil)
	response, appErr = hooks.ExecuteCommand(context, &model.CommandArgs{UserId: "ada", Command: "/fail"})
	report("ExecuteCommand", response, *appErr)
	for _, size := range []int{0, 1, 300_000} {
		serve(hooks, context, bytes.Repeat([]byte("x"), size))
	}
}

func serve(hooks wire.Hooks, context *model.Context, body []byte) {
	request := httptest.NewRequest(http.MethodPost, "https://example.com/hook/a%20b?q=1&q=2", bytes.NewReader(body))
	request.Header["X-Many"] = []string{"one", "two"}
	recorder := httptest.NewRecorder()
	recorder.Header().Set("X-Host", "set before")
	hooks.ServeHTTP(context, recorder, request)
	first, rest, _ := bytes.Cut(recorder.Body.Bytes(), []byte("\n"))
	report("ServeHTTP", recorder.Code, recorder.Header(), string(first), bytes.Equal(rest, body))
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
