// Writes lines.json: log lines of the real go-hclog with what they were made from, and verdicts on timestamps.
//
//	cd test/golden/hclog && go run -trimpath . > lines.json
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"os"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/go-hclog"
)

type line struct {
	Name string `json:"name"`
	Line string `json:"line"`
}

type verdict struct {
	Text    string `json:"text"`
	Valid   bool   `json:"valid"`
	Display string `json:"display,omitempty"`
}

type golden struct {
	Go         string    `json:"go"`
	Hclog      string    `json:"hclog"`
	Lines      []line    `json:"lines"`
	Timestamps []verdict `json:"timestamps"`
}

func fixed(zone *time.Location) hclog.TimeFunction {
	return func() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 157932999, zone) }
}

func write(options hclog.LoggerOptions, zone *time.Location, log func(hclog.Logger)) string {
	var out bytes.Buffer
	options.Output = &out
	options.JSONFormat = true
	options.Level = hclog.Trace
	options.TimeFn = fixed(zone)
	log(hclog.New(&options))
	return strings.TrimSuffix(out.String(), "\n")
}

func lines() []line {
	plain := func(log func(hclog.Logger)) string { return write(hclog.LoggerOptions{}, time.UTC, log) }
	east := time.FixedZone("east", 5*3600+1800)
	west := time.FixedZone("west", -8*3600)
	cyclic := map[string]interface{}{"f": func() {}}
	return []line{
		{"trace", plain(func(l hclog.Logger) { l.Trace("t") })},
		{"debug with fields", plain(func(l hclog.Logger) { l.Debug("plugin address", "network", "unix", "address", "/path/plugin123") })},
		{"info", plain(func(l hclog.Logger) { l.Info("") })},
		{"warn", plain(func(l hclog.Logger) { l.Warn("w", "Upper", 1, "lower", 2, "0", 3) })},
		{"error", plain(func(l hclog.Logger) { l.Error("failed", "error", errors.New("no such file")) })},
		{"out of range level", plain(func(l hclog.Logger) { l.Log(hclog.Level(9), "strange") })},
		{"module", write(hclog.LoggerOptions{Name: "kv"}, time.UTC, func(l hclog.Logger) { l.Named("store").Info("m") })},
		{"implied fields", plain(func(l hclog.Logger) { l.With("request", 7).Info("m", "b", true) })},
		{"offset east", write(hclog.LoggerOptions{}, east, func(l hclog.Logger) { l.Info("m") })},
		{"offset west", write(hclog.LoggerOptions{}, west, func(l hclog.Logger) { l.Info("m") })},
		{"no time", write(hclog.LoggerOptions{DisableTime: true}, time.UTC, func(l hclog.Logger) { l.Info("m") })},
		{"caller", write(hclog.LoggerOptions{IncludeLocation: true}, time.UTC, func(l hclog.Logger) { l.Info("m") })},
		{"values", plain(func(l hclog.Logger) {
			l.Info("m", "nil", nil, "float", 1.5, "big", uint64(math.MaxUint64), "list", []string{"a", "b"}, "map", map[string]int{"x": 1}, "bytes", []byte{1, 2, 255})
		})},
		{"text", plain(func(l hclog.Logger) { l.Info("tab\t quote\" line\nbreak \u00fc \U0001F600 \u0001") })},
		{"html", plain(func(l hclog.Logger) { l.Info("<a href=\"x\">&\u2028") })},
		{"extra value", plain(func(l hclog.Logger) { l.Info("m", "a", 1, "alone") })},
		{"format", plain(func(l hclog.Logger) { l.Info("m", "f", hclog.Fmt("%d-%s", 1, "x")) })},
		{"not serializable", plain(func(l hclog.Logger) { l.Info("m", "a", 1, "cyclic", cyclic) })},
		{"own keys", plain(func(l hclog.Logger) { l.Info("m", "@level", "x", "@timestamp", 5) })},
	}
}

func verdicts() []verdict {
	texts := []string{
		"2026-01-02T03:04:05.157932Z", "2026-01-02T03:04:05.157932+00:00", "2026-01-02T03:04:05.157932-00:00",
		"2026-01-02T03:04:05.157932+05:30", "2026-01-02T03:04:05.157932-08:00", "0000-01-01T00:00:00.000000Z",
		"9999-12-31T23:59:59.999999Z", "2024-02-29T00:00:00.000000Z", "2000-02-29T00:00:00.000000Z",
		"2026-01-31T00:00:00.000000Z", "2026-04-30T00:00:00.000000Z", "2026-12-20T00:00:00.000000Z", "2026-02-28T00:00:00.000000Z",
		"2026-02-29T00:00:00.000000Z", "1900-02-29T00:00:00.000000Z", "2026-04-31T00:00:00.000000Z", "2026-02-30T00:00:00.000000Z",
		"2026-13-01T00:00:00.000000Z", "2026-00-01T00:00:00.000000Z", "2026-01-00T00:00:00.000000Z", "2026-01-32T00:00:00.000000Z",
		"2026-01-02T24:00:00.000000Z", "2026-01-02T03:60:00.000000Z", "2026-01-02T03:04:60.000000Z",
		"2026-01-02T03:04:05Z", "2026-01-02T03:04:05.157Z", "2026-01-02T03:04:05.1579320Z", "2026-01-02T03:04:05.157932",
		"2026-01-02 03:04:05.157932Z", "2026-01-02t03:04:05.157932z", "2026-01-02T03:04:05.157932+0530", "2026-01-02T03:04:05.157932+05",
		"2026-01-02T03:04:05.157932+25:00", "26-01-02T03:04:05.157932Z", "2026-1-2T03:04:05.157932Z", "", "now",
		" 2026-01-02T03:04:05.157932Z", "2026-01-02T03:04:05.157932Z ",
	}
	var out []verdict
	for _, text := range texts {
		t, err := time.Parse(hclog.TimeFormatJSON, text)
		v := verdict{Text: text, Valid: err == nil}
		if err == nil {
			v.Display = t.Format(hclog.TimeFormat)
		}
		out = append(out, v)
	}
	return append(out, verdict{Display: time.Time{}.Format(hclog.TimeFormat)})
}

func hclogVersion() string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "github.com/hashicorp/go-hclog" {
			return dep.Version
		}
	}
	return "unknown"
}

func main() {
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(golden{runtime.Version(), hclogVersion(), lines(), verdicts()}); err != nil {
		panic(err)
	}
}
