package main

import (
	"encoding/json"
	"fmt"
	"net/rpc"

	"rxplug.test/conformance/contract"
)

// rpcCommand is a net/rpc call. Types name the argument's and the reply's Go types where they differ from the method's own, which
// is how a caller makes a mistake on purpose.
type rpcCommand struct {
	Object    string          `json:"object"`
	Method    string          `json:"method"`
	Args      json.RawMessage `json:"args"`
	ArgsType  string          `json:"argsType"`
	ReplyType string          `json:"replyType"`
}

// signature are the Go types of a method.
type signature struct{ args, reply string }

var signatures = map[string]signature{
	"Plugin.Put":          {"PutArgs", "uint64"},
	"Plugin.Get":          {"string", "GetReply"},
	"Plugin.Delete":       {"string", "bool"},
	"Plugin.List":         {"string", "[]ListReply"},
	"Plugin.Snapshot":     {"struct{}", "map[string][]byte"},
	"Plugin.Greet":        {"interface{}", "string"},
	"Plugin.GreetName":    {"string", "string"},
	"Plugin.GreetThrough": {"GreetThroughArgs", "string"},
	"Plugin.Offer":        {"struct{}", "uint32"},
	"Plugin.Decorate":     {"string", "string"},
	"Plugin.Echo":         {"[]byte", "[]byte"},
	"Plugin.Everything":   {"Everything", "Everything"},
	"Plugin.Fail":         {"string", "struct{}"},
	"Plugin.Wait":         {"string", "string"},
	"Plugin.Release":      {"string", "struct{}"},
	"Plugin.Hang":         {"string", "struct{}"},
	"Plugin.Log":          {"LogArgs", "struct{}"},
	"Plugin.Write":        {"WriteArgs", "struct{}"},
	"Plugin.Crash":        {"CrashArgs", "struct{}"},
	"Plugin.Describe":     {"struct{}", "Description"},
	"Plugin.Copy":         {"CopyArgs", "CopyReply"},
	"Plugin.Open":         {"struct{}", "uint32"},
}

// types make a pointer to a new value of each Go type.
var types = map[string]func() any{
	"bool":              func() any { return new(bool) },
	"int":               func() any { return new(int) },
	"uint32":            func() any { return new(uint32) },
	"uint64":            func() any { return new(uint64) },
	"float64":           func() any { return new(float64) },
	"string":            func() any { return new(string) },
	"[]byte":            func() any { return new([]byte) },
	"interface{}":       func() any { return new(any) },
	"struct{}":          func() any { return new(struct{}) },
	"map[string][]byte": func() any { return new(map[string][]byte) },
	"PutArgs":           func() any { return new(contract.PutArgs) },
	"GetReply":          func() any { return new(contract.GetReply) },
	"[]ListReply":       func() any { return new([]contract.ListReply) },
	"GreetThroughArgs":  func() any { return new(contract.GreetThroughArgs) },
	"Everything":        func() any { return new(contract.Everything) },
	"LogArgs":           func() any { return new(contract.LogArgs) },
	"WriteArgs":         func() any { return new(contract.WriteArgs) },
	"CrashArgs":         func() any { return new(contract.CrashArgs) },
	"Description":       func() any { return new(contract.Description) },
	"CopyArgs":          func() any { return new(contract.CopyArgs) },
	"CopyReply":         func() any { return new(contract.CopyReply) },
}

func callRPC(host *host, command rpcCommand) (any, error) {
	object, err := find(host, host.objects, command.Object)
	if err != nil {
		return nil, err
	}
	if object.rpc == nil {
		return nil, &commandError{"not a net/rpc object"}
	}
	args, err := command.value(command.ArgsType, func(s signature) string { return s.args })
	if err != nil {
		return nil, err
	}
	reply, err := command.value(command.ReplyType, func(s signature) string { return s.reply })
	if err != nil {
		return nil, err
	}
	if len(command.Args) > 0 {
		if err := json.Unmarshal(command.Args, args); err != nil {
			return nil, &commandError{err.Error()}
		}
	}
	if err := object.rpc.Client.Call(command.Method, args, reply); err != nil {
		return nil, rpcFailure(err)
	}
	return map[string]any{"reply": reply}, nil
}

func (c *rpcCommand) value(name string, pick func(signature) string) (any, error) {
	if name == "" {
		name = pick(signatures[c.Method])
	}
	create, ok := types[name]
	if !ok {
		return nil, &commandError{fmt.Sprintf("%s: no Go type %q", c.Method, name)}
	}
	return create(), nil
}

// rpcFailure keeps the library's own errors apart from the texts that came from the other side.
func rpcFailure(err error) error {
	if _, ok := err.(rpc.ServerError); ok {
		return err
	}
	return fmt.Errorf("net/rpc: %w", err)
}
