// Command plugin is a plugin of hooks.
package main

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/hashicorp/go-plugin"

	"rxplug.test/netrpc/hooks/model"
	"rxplug.test/netrpc/hooks/wire"
)

type hooks struct{ api wire.API }

func (*hooks) Implemented() ([]string, error) {
	return []string{"OnActivate", "MessageWillBePosted", "ExecuteCommand", "ServeHTTP"}, nil
}

func (h *hooks) OnActivate(api wire.API) error {
	h.api = api
	if err := api.KVSet("activated", []byte("yes")); err != nil {
		return err
	}
	value, err := api.KVGet("activated")
	if err != nil {
		return err
	}
	post, err := api.GetPost("first")
	if err != nil {
		return err
	}
	if _, err = api.GetPost("none"); err == nil {
		return errors.New("expected an error")
	}
	api.LogInfo("activated", "value", string(value), "post", post.Message, "props", map[string]any(post.Props), "missing", err.Error(), "status", err.StatusCode)
	content := bytes.Repeat([]byte("0123456789abcdef"), 12_500)
	size, digest, err := api.Install(bytes.NewReader(content), true)
	if err != nil {
		return err
	}
	api.LogInfo("installed", "size", size, "digest", digest)
	return nil
}

func (*hooks) OnConfigurationChange() error { return errors.New("the configuration is not good") }

func (*hooks) MessageWillBePosted(context *model.Context, post *model.Post) (*model.Post, string) {
	if post.Message == "reject" {
		return nil, "rejected for " + context.IPAddress
	}
	post.Message = strings.ToUpper(post.Message)
	post.SetProp("seen", []any{true, 2, "three"})
	return post, ""
}

func (*hooks) ExecuteCommand(_ *model.Context, args *model.CommandArgs) (*model.CommandResponse, *model.AppError) {
	if args.Command == "/fail" {
		return nil, &model.AppError{Id: "app.fail", Message: "failed", DetailedError: "user_id=" + args.UserId, Where: "ExecuteCommand", StatusCode: 418}
	}
	attachments := []*model.Attachment{
		{Id: 1, Color: "#ff8000", Text: args.Command, Timestamp: 1.5, Fields: []*model.Field{{Title: "n", Value: 7, Short: true}, {Title: "none"}}},
		{Text: args.Mentions["ada"], Timestamp: "now"},
	}
	return &model.CommandResponse{
		Text:        "done",
		Props:       model.StringInterface{"attachments": attachments, "deep": map[string]any{"list": []any{nil, "x"}}},
		Attachments: attachments,
		Extra:       []*model.CommandResponse{{Text: "more"}},
	}, nil
}

func (*hooks) ServeHTTP(context *model.Context, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("X-Url", r.URL.Path+"?"+r.URL.RawQuery)
	for _, value := range r.Header["X-Many"] {
		w.Header().Add("X-Echo", value)
	}
	w.WriteHeader(http.StatusCreated)
	fmt.Fprintf(w, "%s %s %d %x %s\n", r.Method, r.Host, len(body), sha256.Sum256(body), context.SessionId)
	_, _ = w.Write(body)
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: wire.Handshake,
		Plugins:         plugin.PluginSet{"hooks": &wire.HooksPlugin{Impl: &hooks{}}},
	})
}
