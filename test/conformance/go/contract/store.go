package contract

import (
	"sort"
	"strings"
	"sync"
)

// Entry is a key's value and how often the key was written.
type Entry struct {
	Key      string
	Value    []byte
	Revision uint64
	Deleted  bool
}

// watcherQueue bounds how far a watcher may fall behind before it is dropped.
const watcherQueue = 4096

// Watcher receives the changes of the keys with a prefix; Changes is closed when it fell too far behind.
type Watcher struct {
	Changes chan Entry
	prefix  string
}

// Store is the key-value store behind both protocols.
type Store struct {
	mu        sync.Mutex
	entries   map[string]Entry
	revisions map[string]uint64
	watchers  map[*Watcher]struct{}
}

// NewStore returns an empty store.
func NewStore() *Store {
	return &Store{entries: map[string]Entry{}, revisions: map[string]uint64{}, watchers: map[*Watcher]struct{}{}}
}

// Get finds the entry of a key.
func (s *Store) Get(key string) (Entry, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	entry, ok := s.entries[key]
	return entry, ok
}

// Put stores a value and returns the key's new revision.
func (s *Store) Put(key string, value []byte) uint64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revisions[key]++
	entry := Entry{Key: key, Value: value, Revision: s.revisions[key]}
	s.entries[key] = entry
	s.publish(entry)
	return entry.Revision
}

// Delete removes a key and tells whether it was there.
func (s *Store) Delete(key string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.entries[key]; !ok {
		return false
	}
	delete(s.entries, key)
	s.revisions[key]++
	s.publish(Entry{Key: key, Revision: s.revisions[key], Deleted: true})
	return true
}

// List returns the entries with a prefix, in the order of their keys.
func (s *Store) List(prefix string) []Entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.list(prefix)
}

// Watch returns the entries that are there and, without a gap, a watcher of what follows.
func (s *Store) Watch(prefix string) ([]Entry, *Watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	watcher := &Watcher{Changes: make(chan Entry, watcherQueue), prefix: prefix}
	s.watchers[watcher] = struct{}{}
	return s.list(prefix), watcher
}

// Unwatch ends a watcher.
func (s *Store) Unwatch(watcher *Watcher) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.watchers, watcher)
}

func (s *Store) list(prefix string) []Entry {
	var found []Entry
	for key, entry := range s.entries {
		if strings.HasPrefix(key, prefix) {
			found = append(found, entry)
		}
	}
	sort.Slice(found, func(i, j int) bool { return found[i].Key < found[j].Key })
	return found
}

func (s *Store) publish(entry Entry) {
	for watcher := range s.watchers {
		if !strings.HasPrefix(entry.Key, watcher.prefix) {
			continue
		}
		select {
		case watcher.Changes <- entry:
		default:
			delete(s.watchers, watcher)
			close(watcher.Changes)
		}
	}
}
