// Writes entries.json: what the host of the real go-plugin logs for what a plugin writes to its stderr.
//
//	cd test/golden/stderr && go run -trimpath . > entries.json
package main

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
)

type scenario struct {
	Name string `json:"name"`
	// What the plugin writes, in base64.
	Stderr []byte `json:"stderr"`
	// The host's PluginLogBufferSize; 0 for the default.
	BufferSize int `json:"bufferSize,omitempty"`
	// The level of the host's logger.
	Level string `json:"level"`
	// What the host logs, in hclog's own JSON keys.
	Entries []map[string]any `json:"entries"`
	// What reaches the host's raw copy, in base64.
	Raw []byte `json:"raw"`
}

type golden struct {
	Go        string     `json:"go"`
	GoPlugin  string     `json:"goPlugin"`
	Scenarios []scenario `json:"scenarios"`
}

func joined(lines ...string) []byte { return []byte(strings.Join(lines, "\n") + "\n") }

func scenarios() []scenario {
	return []scenario{
		{Name: "json levels", Stderr: joined(
			`{"@level":"trace","@message":"t"}`, `{"@level":"debug","@message":"d"}`, `{"@level":"info","@message":"i"}`,
			`{"@level":"warn","@message":"w"}`, `{"@level":"error","@message":"e"}`,
			`{"@level":"INFO","@message":"upper"}`, `{"@level":" Warn\t","@message":"blanks"}`)},
		{Name: "json without a known level", Stderr: joined(
			`{"@level":"all","@message":"x"}`, `{"@level":"off","@message":"x"}`, `{"@level":"","@message":"x"}`,
			`{"@message":"x"}`, `{"a":1}`, `{}`, `null`, ` null `, `  {"@level":"warn","@message":"indented"}  `)},
		{Name: "no json object", Stderr: joined(
			`[1,2]`, `12`, `"text"`, `true`, `{`, `{"@level":"error"`, `{"@level":"error"} x`, `plain text`, ``, ` `)},
		{Name: "fields", Stderr: joined(
			`{"@level":"info","@message":"m","@module":"kv","@caller":"a.go:1","n":1000000,"b":true,"nil":null,"o":{"x":[1]},"s":"t"}`,
			`{"@level":"info","@message":"m","big":12345678901234567890,"f":0.1}`,
			`{"@level":"info","a":1,"a":2}`, `{"@level":"info","@message":"m","__proto__":"p"}`)},
		{Name: "timestamps", Stderr: joined(
			`{"@level":"info","@message":"m","@timestamp":"2026-01-02T03:04:05.157932Z"}`,
			`{"@level":"info","@message":"m","@timestamp":"2026-01-02T03:04:05.157932+05:30"}`,
			`{"@level":"info","@message":"m","@timestamp":"2026-01-02T03:04:05Z"}`,
			`{"@level":"info","@message":"m","@timestamp":"yesterday"}`)},
		{Name: "tags", Stderr: joined(
			`[TRACE] t`, `[DEBUG] d`, `[INFO] i`, `[WARN] w`, `[ERROR] e`, `[ERROR]`, `[ERR] x`, ` [ERROR] x`, `[error] x`, `2026/01/02 03:04:05 [ERROR] x`)},
		{Name: "panic", Stderr: joined(
			`before`, `panic: boom`, ``, `goroutine 1 [running]:`, `main.main()`, `[DEBUG] tagged`,
			`{"@level":"debug","@message":"json"}`, `{"a":1}`, `[1]`, `exit status 2`)},
		{Name: "fatal error", Stderr: joined(`fatal error: all goroutines are asleep - deadlock!`, `goroutine 1 [chan receive]:`)},
		{Name: "not a panic", Stderr: joined(` panic: x`, `panic:x`, `Panic: x`, `after`)},
		{Name: "line endings", Stderr: []byte("a\r\nb\n\r\nc\rd\nlast")},
		{Name: "long lines", BufferSize: 32, Stderr: joined(
			`[ERROR] short`, `[ERROR] `+strings.Repeat("x", 60), `{"@level":"error","@message":"too long"}`, strings.Repeat("y", 32), strings.Repeat("z", 31), `[WARN] after`)},
		{Name: "long lines, CRLF", BufferSize: 32, Stderr: []byte(strings.Repeat("y", 31) + "\r\n" + strings.Repeat("z", 30) + "\r\n" + strings.Repeat("w", 32) + "\r\n")},
		{Name: "long last line", BufferSize: 32, Stderr: []byte(strings.Repeat("y", 40))},
		{Name: "long line in a panic", BufferSize: 32, Stderr: joined(`panic: boom`, strings.Repeat("y", 40), `after`)},
		{Name: "level info", Level: "info", Stderr: joined(
			`{"@level":"debug","@message":"d"}`, `{"@level":"info","@message":"i"}`, `{"a":1}`, `text`, `[DEBUG] d`, `[WARN] w`, `panic: x`, `trace`)},
		{Name: "not utf-8", Stderr: []byte("a\xffb\n{\"@level\":\"info\",\"@message\":\"a\xffb\"}\n")},
	}
}

const module = "host"

func run(s scenario) scenario {
	if s.Level == "" {
		s.Level = "trace"
	}
	self, err := os.Executable()
	if err != nil {
		panic(err)
	}
	var log, raw bytes.Buffer
	client := plugin.NewClient(&plugin.ClientConfig{
		Cmd:                 exec.Command(self, base64.StdEncoding.EncodeToString(s.Stderr)),
		HandshakeConfig:     plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "K", MagicCookieValue: "V"},
		Plugins:             plugin.PluginSet{},
		PluginLogBufferSize: s.BufferSize,
		Stderr:              &raw,
		SyncStdout:          io.Discard,
		Logger: hclog.New(&hclog.LoggerOptions{
			Name: module, Output: &log, JSONFormat: true, DisableTime: true, Level: hclog.LevelFromString(s.Level),
		}),
	})
	// The plugin says nothing on stdout: the start fails after all of stderr has been written.
	_, _ = client.Start()
	client.Kill()
	s.Raw = raw.Bytes()
	s.Entries = []map[string]any{}
	decoder := json.NewDecoder(&log)
	for {
		var entry map[string]any
		if err := decoder.Decode(&entry); err == io.EOF {
			return s
		} else if err != nil {
			panic(err)
		}
		name, _ := entry["@module"].(string)
		// The plugin's own logger; what the host says about starting it has the host's name. A field @module overwrites it.
		if name == module {
			continue
		}
		if strings.HasPrefix(name, module+".") {
			delete(entry, "@module")
		}
		s.Entries = append(s.Entries, entry)
	}
}

func version(path string) string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == path {
			return dep.Version
		}
	}
	return "unknown"
}

func main() {
	if len(os.Args) > 1 {
		text, err := base64.StdEncoding.DecodeString(os.Args[1])
		if err != nil {
			panic(err)
		}
		_, _ = os.Stderr.Write(text)
		return
	}
	out := golden{Go: runtime.Version(), GoPlugin: version("github.com/hashicorp/go-plugin")}
	for _, s := range scenarios() {
		out.Scenarios = append(out.Scenarios, run(s))
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(out); err != nil {
		panic(err)
	}
}
