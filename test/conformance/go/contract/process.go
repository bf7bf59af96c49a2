package contract

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-hclog"
)

// observeLimit bounds every wait for a hanging call.
const observeLimit = 15 * time.Second

// Process is what a probe knows of, and can do to, the process it runs in; shared by all probes of a process.
type Process struct {
	Logger hclog.Logger
	// The process's own streams, which stay when the library replaces os.Stdout and os.Stderr.
	RealStdout, RealStderr *os.File

	mu    sync.Mutex
	calls map[string]uint32
	hangs map[string]*hang
	gates map[string]chan struct{}
}

// NewProcess captures the process's own streams; call it before serving.
func NewProcess(logger hclog.Logger) *Process {
	return &Process{
		Logger:     logger,
		RealStdout: os.Stdout,
		RealStderr: os.Stderr,
		calls:      map[string]uint32{},
		hangs:      map[string]*hang{},
		gates:      map[string]chan struct{}{},
	}
}

// Count notes a call by its full method name.
func (p *Process) Count(method string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls[method]++
}

// Calls returns how often each method was called.
func (p *Process) Calls() map[string]uint32 {
	p.mu.Lock()
	defer p.mu.Unlock()
	calls := make(map[string]uint32, len(p.calls))
	for method, count := range p.calls {
		calls[method] = count
	}
	return calls
}

// hang is a call that never answers, seen from outside.
type hang struct {
	began, ended chan struct{}
	reason       string
	hasDeadline  bool
	remaining    time.Duration
}

func (p *Process) hang(token string) *hang {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.hangs[token]
	if !ok {
		found = &hang{began: make(chan struct{}), ended: make(chan struct{})}
		p.hangs[token] = found
	}
	return found
}

// gate returns the channel that is closed when the token is released.
func (p *Process) gate(token string) chan struct{} {
	p.mu.Lock()
	defer p.mu.Unlock()
	found, ok := p.gates[token]
	if !ok {
		found = make(chan struct{})
		p.gates[token] = found
	}
	return found
}

// Log writes an entry; the fields' values are JSON.
func (p *Process) Log(level, name, message string, keys, values []string) error {
	logger := p.Logger
	if name != "" {
		logger = logger.Named(name)
	}
	parsed := hclog.LevelFromString(level)
	if parsed == hclog.NoLevel {
		return fmt.Errorf("unknown level %q", level)
	}
	var fields []any
	for i, key := range keys {
		if !json.Valid([]byte(values[i])) {
			return fmt.Errorf("the value of %q is not JSON: %s", key, values[i])
		}
		fields = append(fields, key, json.RawMessage(values[i]))
	}
	logger.Log(parsed, message, fields...)
	return nil
}

// Write writes data to one of the streams STDOUT, STDERR, REAL_STDOUT, REAL_STDERR.
func (p *Process) Write(stream string, data []byte, times uint32) error {
	target := map[string]*os.File{
		"STDOUT": os.Stdout, "STDERR": os.Stderr, "REAL_STDOUT": p.RealStdout, "REAL_STDERR": p.RealStderr,
	}[stream]
	if target == nil {
		return fmt.Errorf("unknown stream %q", stream)
	}
	for i := uint32(0); i < max(times, 1); i++ {
		if _, err := target.Write(data); err != nil {
			return err
		}
	}
	return nil
}

// Crash ends the process: EXIT, PANIC or KILL. A panic happens outside the calling goroutine, so that nothing recovers it.
func (p *Process) Crash(kind string, exitCode int, message string) {
	switch kind {
	case "EXIT":
		os.Exit(exitCode)
	case "PANIC":
		go panic(message)
	case "KILL":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	select {}
}

// Env returns the process's environment.
func Env() map[string]string {
	env := map[string]string{}
	for _, entry := range os.Environ() {
		key, value, _ := strings.Cut(entry, "=")
		env[key] = value
	}
	return env
}

// Stdin identifies the file behind descriptor 0 as "device:inode".
func Stdin() string {
	var stat syscall.Stat_t
	if err := syscall.Fstat(0, &stat); err != nil {
		return ""
	}
	return fmt.Sprintf("%d:%d", stat.Dev, stat.Ino)
}
