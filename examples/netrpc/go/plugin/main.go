// Command plugin is the Go version of plugin.ts.
package main

import (
	"errors"
	"fmt"
	"sync"

	"github.com/hashicorp/go-plugin"

	"rxplug.example/netrpc/contract"
)

type greeter struct{}

func (greeter) Greet() (string, error) { return "Hello!", nil }

// store keeps entries in memory; each dispense creates one. Calls may be concurrent.
type store struct {
	lock    sync.Mutex
	entries map[string]contract.Entry
}

func newStore() contract.Store { return &store{entries: map[string]contract.Entry{}} }

func (s *store) Put(entry contract.Entry) (int, error) {
	if entry.Key == "" {
		return 0, errors.New("the key is empty")
	}
	s.lock.Lock()
	defer s.lock.Unlock()
	s.entries[entry.Key] = entry
	return len(s.entries), nil
}

func (s *store) Get(key string) (*contract.Entry, error) {
	s.lock.Lock()
	defer s.lock.Unlock()
	if entry, found := s.entries[key]; found {
		return &entry, nil
	}
	return nil, fmt.Errorf("no entry for %s", key)
}

func (s *store) Delete(key string) error {
	s.lock.Lock()
	defer s.lock.Unlock()
	delete(s.entries, key)
	return nil
}

func main() {
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: contract.Handshake,
		Plugins: plugin.PluginSet{
			"greeter": &contract.GreeterPlugin{Impl: greeter{}},
			"kv":      &contract.StorePlugin{New: newStore},
		},
	})
}
