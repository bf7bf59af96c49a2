// Command host drives any plugin with go-plugin's Client. It reads one JSON command per line on stdin and writes JSON lines on
// stdout: an answer per command, matched by id, and events in between. It ends, and its plugins with it, when stdin ends.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// defaultLimit bounds every command that brings no limit of its own.
const defaultLimit = 20 * time.Second

// request is one command line.
type request struct {
	ID      uint64 `json:"id"`
	Op      string `json:"op"`
	LimitMs int    `json:"limitMs"`
	raw     []byte
}

// operation executes a command and returns what becomes the answer's "ok".
type operation func(host *host, command []byte) (any, error)

// typed adapts an operation with a typed command.
func typed[Command any](run func(*host, Command) (any, error)) operation {
	return func(host *host, raw []byte) (any, error) {
		var command Command
		if err := json.Unmarshal(raw, &command); err != nil {
			return nil, &commandError{err.Error()}
		}
		return run(host, command)
	}
}

func main() {
	output := newOutput(os.Stdout)
	host := newHost(output)
	input := bufio.NewReaderSize(os.Stdin, 1<<20)
	for {
		line, err := input.ReadBytes('\n')
		if len(line) > 1 {
			accept(host, output, line)
		}
		if errors.Is(err, io.EOF) {
			host.close()
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			host.close()
			os.Exit(1)
		}
	}
}

func accept(host *host, output *output, line []byte) {
	command := request{raw: line}
	if err := json.Unmarshal(line, &command); err != nil {
		output.write(answer{Error: describe(&commandError{err.Error()})})
		return
	}
	run, ok := operations[command.Op]
	if !ok {
		output.write(answer{ID: command.ID, Error: describe(&commandError{"unknown operation " + command.Op})})
		return
	}
	go execute(host, output, command, run)
}

func execute(host *host, output *output, command request, run operation) {
	limit := defaultLimit
	if command.LimitMs > 0 {
		limit = time.Duration(command.LimitMs) * time.Millisecond
	}
	done := make(chan answer, 1)
	go func() {
		result, err := run(host, command.raw)
		if err != nil {
			done <- answer{ID: command.ID, Error: describe(err)}
			return
		}
		if result == nil {
			result = struct{}{}
		}
		done <- answer{ID: command.ID, OK: result}
	}()
	select {
	case result := <-done:
		output.write(result)
	case <-time.After(limit):
		output.write(answer{ID: command.ID, Error: &failure{
			Kind: "limit", Message: fmt.Sprintf("%s took longer than %s", command.Op, limit),
		}})
	}
}
