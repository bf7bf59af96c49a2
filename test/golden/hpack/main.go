// Makes vectors.json: header lists as Go's golang.org/x/net/http2/hpack encodes them, and Huffman strings.
// Run in this directory: go run . > vectors.json
package main

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"golang.org/x/net/http2/hpack"
)

type field struct {
	name, value string
	sensitive   bool
}

type step struct {
	// tableBytes, when set, is a change of the encoder's table size before the block.
	tableBytes *uint32
	fields     []field
	// List is flat: name, value, name, value; one character per octet, for JSON has no bytes.
	List  []string `json:"list"`
	Block string   `json:"block"`
}

type story struct {
	Name  string `json:"name"`
	Steps []step `json:"steps"`
}

type huffman struct {
	// Text and Code are in hex.
	Text string `json:"text"`
	Code string `json:"code"`
}

type vectors struct {
	Go      string    `json:"go"`
	XNet    string    `json:"xnet"`
	Stories []story   `json:"stories"`
	Huffman []huffman `json:"huffman"`
}

func f(pairs ...string) []field {
	var fields []field
	for i := 0; i < len(pairs); i += 2 {
		fields = append(fields, field{name: pairs[i], value: pairs[i+1]})
	}
	return fields
}

func request(path string, more ...string) []field {
	all := append([]string{":method", "POST", ":scheme", "http", ":path", path, ":authority", "unused",
		"content-type", "application/grpc", "user-agent", "grpc-go/1.72.0", "te", "trailers"}, more...)
	return f(all...)
}

func size(n uint32) *uint32 { return &n }

func stories() []story {
	var calls, unique, wide []step
	for i := 0; i < 20; i++ {
		calls = append(calls, step{fields: request(fmt.Sprintf("/proto.KV/Method%d", i%3))})
		calls = append(calls, step{fields: f(":status", "200", "content-type", "application/grpc")})
		calls = append(calls, step{fields: f("grpc-status", "0", "grpc-message", "")})
	}
	for i := 0; i < 200; i++ {
		unique = append(unique, step{fields: request("/proto.KV/Get", "grpc-timeout", fmt.Sprintf("%dm", 1000+i), "x-id", strings.Repeat(fmt.Sprint(i), 9))})
	}
	for _, n := range []int{0, 1, 30, 126, 127, 128, 254, 255, 256, 1000, 4000, 4063, 4064, 4065, 5000, 20000} {
		wide = append(wide, step{fields: f("x-long", strings.Repeat("a", n), "x-high", strings.Repeat("\xfe", n/8))})
		wide = append(wide, step{fields: f("x-after", "1")})
	}
	return []story{
		{Name: "calls of three methods", Steps: calls},
		{Name: "a table that overflows", Steps: unique},
		{Name: "strings of every length class", Steps: wide},
		{Name: "sensitive fields", Steps: []step{
			{fields: []field{{"authorization", "Bearer secret", true}, {"x-key", "k", true}, {"x-key", "k", false}}},
			{fields: []field{{"authorization", "Bearer secret", true}, {"x-key", "k", false}}},
		}},
		{Name: "table size changes", Steps: []step{
			{fields: request("/a/B")},
			{tableBytes: size(0), fields: request("/a/B")},
			{fields: request("/a/B")},
			{tableBytes: size(256), fields: request("/a/B")},
			{fields: request("/a/B")},
			{tableBytes: size(4096), fields: request("/a/B")},
			{fields: request("/a/B")},
			{tableBytes: size(100), fields: f("x", "y")},
			{fields: f("x", "y")},
		}},
		{Name: "empty lists and values", Steps: []step{{}, {fields: f("x-empty", "")}, {fields: f("x-empty", "", "x-empty", "")}}},
	}
}

func encode(s *story) {
	var out bytes.Buffer
	encoder := hpack.NewEncoder(&out)
	for i := range s.Steps {
		current := &s.Steps[i]
		out.Reset()
		if current.tableBytes != nil {
			encoder.SetMaxDynamicTableSize(*current.tableBytes)
		}
		current.List = []string{}
		for _, one := range current.fields {
			if err := encoder.WriteField(hpack.HeaderField{Name: one.name, Value: one.value, Sensitive: one.sensitive}); err != nil {
				panic(err)
			}
			current.List = append(current.List, one.name, latin1(one.value))
		}
		current.Block = hex.EncodeToString(out.Bytes())
	}
}

func latin1(text string) string {
	runes := make([]rune, len(text))
	for i := range runes {
		runes[i] = rune(text[i])
	}
	return string(runes)
}

func huffmanVectors() []huffman {
	var texts []string
	all := make([]byte, 256)
	for i := range all {
		all[i] = byte(i)
		texts = append(texts, string(all[i:i+1]))
	}
	texts = append(texts, "", string(all), "www.example.com", "application/grpc", strings.Repeat("a", 100), strings.Repeat("\x01", 33))
	var result []huffman
	for _, text := range texts {
		result = append(result, huffman{hex.EncodeToString([]byte(text)), hex.EncodeToString(hpack.AppendHuffmanString(nil, text))})
	}
	return result
}

func xnet() string {
	info, _ := debug.ReadBuildInfo()
	for _, dep := range info.Deps {
		if dep.Path == "golang.org/x/net" {
			return dep.Version
		}
	}
	return "unknown"
}

func main() {
	all := vectors{Go: runtime.Version(), XNet: xnet(), Stories: stories(), Huffman: huffmanVectors()}
	for i := range all.Stories {
		encode(&all.Stories[i])
	}
	compact, err := json.Marshal(all)
	if err != nil {
		panic(err)
	}
	// One line for each block and each string.
	lines := strings.NewReplacer(`{"list"`, "\n{\"list\"", `{"name"`, "\n{\"name\"", `{"text"`, "\n{\"text\"").Replace(string(compact))
	fmt.Println(lines)
}
