// Command host is the Go version of host.ts: it runs the plugin given as arguments.
package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"

	"rxplug.example/netrpc/contract"
)

func run(command []string) error {
	client := plugin.NewClient(&plugin.ClientConfig{
		HandshakeConfig: contract.Handshake,
		Plugins:         plugin.PluginSet{"greeter": &contract.GreeterPlugin{}, "kv": &contract.StorePlugin{}},
		Cmd:             exec.Command(command[0], command[1:]...), // "node", "plugin.js"
		Logger:          hclog.New(&hclog.LoggerOptions{Level: hclog.Warn, Output: os.Stderr}),
	})
	defer client.Kill()
	protocol, err := client.Client()
	if err != nil {
		return err
	}
	greeter, err := protocol.Dispense("greeter")
	if err != nil {
		return err
	}
	greeting, err := greeter.(contract.Greeter).Greet()
	if err != nil {
		return err
	}
	fmt.Println(greeting)
	kv, err := protocol.Dispense("kv")
	if err != nil {
		return err
	}
	return use(kv.(contract.Store))
}

func use(kv contract.Store) error {
	entry := contract.Entry{
		Key:     "a",
		Value:   []byte{1, 2},
		Tags:    map[string]string{"colour": "blue"},
		Expires: time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	count, err := kv.Put(entry)
	if err != nil {
		return err
	}
	fmt.Println(count, "entry")
	found, err := kv.Get("a")
	if err != nil {
		return err
	}
	fmt.Printf("a is %s, until %s\n", found.Tags["colour"], found.Expires.Format("2006-01-02"))
	if err := kv.Delete("a"); err != nil {
		return err
	}
	_, err = kv.Get("a")
	var inReply *plugin.BasicError
	if !errors.As(err, &inReply) {
		return fmt.Errorf("expected an error in the reply, got %w", err)
	}
	fmt.Println("error in the reply:", inReply)
	_, err = kv.Put(contract.Entry{})
	fmt.Println("error of the call:", err)
	return nil
}

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: host COMMAND [ARGUMENT...]")
		os.Exit(2)
	}
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
