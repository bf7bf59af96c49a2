package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/go-hclog"
)

// entry is one log entry as the host's logger got it; fields keep their order.
type entry struct {
	Level   string  `json:"level"`
	Name    string  `json:"name"`
	Message string  `json:"message"`
	Fields  []field `json:"fields"`
}

type field struct {
	Key   string          `json:"key"`
	Value json.RawMessage `json:"value"`
}

// sink turns log entries into events.
type sink struct {
	output *output
	client string
}

// newLogger makes the logger of a client; what it logs goes to the output only.
func newLogger(output *output, client, level string) hclog.Logger {
	if level == "" {
		level = "trace"
	}
	logger := hclog.NewInterceptLogger(&hclog.LoggerOptions{
		Name: "plugin", Output: io.Discard, Level: hclog.LevelFromString(level),
	})
	logger.RegisterSink(&sink{output: output, client: client})
	return logger
}

// Accept implements hclog.SinkAdapter.
func (s *sink) Accept(name string, level hclog.Level, message string, arguments ...any) {
	entry := &entry{Level: strings.ToLower(level.String()), Name: name, Message: message, Fields: []field{}}
	for i := 0; i+1 < len(arguments); i += 2 {
		entry.Fields = append(entry.Fields, field{Key: fmt.Sprint(arguments[i]), Value: encode(arguments[i+1])})
	}
	s.output.write(event{Event: "log", Client: s.client, Log: entry})
}

// encode keeps JSON values as they are and shows everything else as text.
func encode(value any) json.RawMessage {
	switch value.(type) {
	case nil, bool, float64, string, []any, map[string]any, int, uint32:
		if text, err := json.Marshal(value); err == nil {
			return text
		}
	}
	text, _ := json.Marshal(fmt.Sprint(value))
	return text
}
