package contract

import "fmt"

// PutArgs is the argument of Put.
type PutArgs struct {
	Key   string
	Value []byte
}

// GetReply is the reply of Get.
type GetReply struct {
	Value    []byte
	Revision uint64
}

// ListReply is an element of the reply of List.
type ListReply struct {
	Key      string
	Value    []byte
	Revision uint64
}

// KVRPC serves a store over net/rpc, under the service name "Plugin".
type KVRPC struct{ Store *Store }

// Put stores a value and replies with the key's new revision.
func (s *KVRPC) Put(args PutArgs, revision *uint64) error {
	if args.Key == "" {
		return fmt.Errorf("the key is empty")
	}
	*revision = s.Store.Put(args.Key, args.Value)
	return nil
}

// Get replies with the value of a key.
func (s *KVRPC) Get(key string, reply *GetReply) error {
	entry, ok := s.Store.Get(key)
	if !ok {
		return fmt.Errorf("no such key: %s", key)
	}
	*reply = GetReply{Value: entry.Value, Revision: entry.Revision}
	return nil
}

// Delete removes a key and replies whether it was there.
func (s *KVRPC) Delete(key string, deleted *bool) error {
	*deleted = s.Store.Delete(key)
	return nil
}

// List replies with the entries whose keys begin with a prefix, in the order of their keys.
func (s *KVRPC) List(prefix string, reply *[]ListReply) error {
	for _, entry := range s.Store.List(prefix) {
		*reply = append(*reply, ListReply{Key: entry.Key, Value: entry.Value, Revision: entry.Revision})
	}
	return nil
}

// Snapshot replies with all values by key.
func (s *KVRPC) Snapshot(_ struct{}, reply *map[string][]byte) error {
	for _, entry := range s.Store.List("") {
		(*reply)[entry.Key] = entry.Value
	}
	return nil
}
