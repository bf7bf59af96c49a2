package contract

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/hashicorp/go-plugin"
)

// ProbeRPC does over net/rpc, on request, what a conformance test wants to see.
type ProbeRPC struct {
	Process *Process
	Version int
	Broker  *plugin.MuxBroker
}

// Empty is the argument and reply of methods that have none.
type Empty struct{}

// Echo replies with its argument.
func (s *ProbeRPC) Echo(data []byte, reply *[]byte) error {
	*reply = data
	return nil
}

// Everything has a field of every kind that a plugin interface usually passes.
type Everything struct {
	Bool    bool
	Int     int
	Int64   int64
	Uint64  uint64
	Float   float64
	String  string
	Bytes   []byte
	Strings []string
	Counts  map[string]int
	Nested  *Nested
	List    []Nested
	When    time.Time
	Any     any
	Err     *plugin.BasicError
}

// Nested is a struct inside a struct, recursive by pointer.
type Nested struct {
	Name  string
	Value int
	Next  *Nested
}

// Everything replies with its argument.
func (s *ProbeRPC) Everything(args Everything, reply *Everything) error {
	*reply = args
	return nil
}

// Fail fails with the given text.
func (s *ProbeRPC) Fail(message string, _ *Empty) error { return errors.New(message) }

// Wait replies with the token once it is released; other calls go on meanwhile.
func (s *ProbeRPC) Wait(token string, reply *string) error {
	select {
	case <-s.Process.gate(token):
		*reply = token
		return nil
	case <-time.After(observeLimit):
		return fmt.Errorf("nobody released %q", token)
	}
}

// Release lets the Wait calls with the token reply.
func (s *ProbeRPC) Release(token string, _ *Empty) error {
	close(s.Process.gate(token))
	return nil
}

// Hang never replies.
func (s *ProbeRPC) Hang(string, *Empty) error { select {} }

// LogArgs is the argument of Log; the fields' values are JSON.
type LogArgs struct {
	Level, Logger, Message string
	Keys, Values           []string
}

// Log logs an entry with the plugin's logger.
func (s *ProbeRPC) Log(args LogArgs, _ *Empty) error {
	return s.Process.Log(args.Level, args.Logger, args.Message, args.Keys, args.Values)
}

// WriteArgs is the argument of Write. Stream is STDOUT, STDERR, REAL_STDOUT or REAL_STDERR.
type WriteArgs struct {
	Stream string
	Data   []byte
	Times  uint32
}

// Write writes bytes to one of the plugin's streams, exactly.
func (s *ProbeRPC) Write(args WriteArgs, _ *Empty) error {
	return s.Process.Write(args.Stream, args.Data, args.Times)
}

// CrashArgs is the argument of Crash. Kind is EXIT, PANIC or KILL.
type CrashArgs struct {
	Kind     string
	ExitCode int
	Message  string
}

// Crash ends the process; the call is never answered.
func (s *ProbeRPC) Crash(args CrashArgs, _ *Empty) error {
	s.Process.Crash(args.Kind, args.ExitCode, args.Message)
	return nil
}

// Description tells about the plugin's process.
type Description struct {
	Pid      int
	Language string
	Version  int
	Args     []string
	Env      map[string]string
	Stdin    string
}

// Describe tells about the plugin's process.
func (s *ProbeRPC) Describe(_ struct{}, reply *Description) error {
	*reply = Description{
		Pid: os.Getpid(), Language: "go", Version: s.Version, Args: os.Args[1:], Env: Env(), Stdin: Stdin(),
	}
	return nil
}

// CopyArgs names two broker ids that the caller accepts: an io.Reader and an io.Writer passed as arguments.
type CopyArgs struct{ ReaderID, WriterID uint32 }

// CopyReply tells what was copied.
type CopyReply struct {
	Bytes  int64
	Sha256 string
}

// Copy dials both streams, copies the reader to the writer until its end and closes both.
func (s *ProbeRPC) Copy(args CopyArgs, reply *CopyReply) error {
	reader, err := s.Broker.Dial(args.ReaderID)
	if err != nil {
		return fmt.Errorf("dial reader %d: %w", args.ReaderID, err)
	}
	defer func() { _ = reader.Close() }()
	writer, err := s.Broker.Dial(args.WriterID)
	if err != nil {
		return fmt.Errorf("dial writer %d: %w", args.WriterID, err)
	}
	defer func() { _ = writer.Close() }()
	hash := sha256.New()
	copied, err := io.Copy(io.MultiWriter(writer, hash), reader)
	*reply = CopyReply{Bytes: copied, Sha256: hex.EncodeToString(hash.Sum(nil))}
	return err
}

// Open accepts a new broker id and echoes on its stream whatever comes, until the end; replies with the id.
func (s *ProbeRPC) Open(_ struct{}, id *uint32) error {
	*id = s.Broker.NextId()
	go func(id uint32) {
		stream, err := s.Broker.Accept(id)
		if err != nil {
			s.Process.Logger.Error("open", "id", id, "error", err)
			return
		}
		_, _ = io.Copy(stream, stream)
		_ = stream.Close()
	}(*id)
	return nil
}
