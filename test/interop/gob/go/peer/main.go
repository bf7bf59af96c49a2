// A gob peer for property tests: one JSON request per line on stdin, one JSON answer per line on stdout.
//
//	{"op":"random","seed":1,"count":3}             a random type, values of it, and their gob stream
//	{"op":"check","seed":1,"count":3,"stream":…}   whether the stream holds the values of that seed
//	{"op":"echo","type":…,"count":3,"stream":…}    the stream decoded into the type, and encoded again
package main

import (
	"bufio"
	"bytes"
	"encoding/gob"
	"encoding/json"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"runtime"
)

type request struct {
	Op     string `json:"op"`
	Seed   int64  `json:"seed"`
	Count  int    `json:"count"`
	Type   *desc  `json:"type"`
	Stream []byte `json:"stream"`
}

type answer struct {
	Go     string        `json:"go,omitempty"`
	Type   *desc         `json:"type,omitempty"`
	Values []interface{} `json:"values"`
	Stream []byte        `json:"stream"`
	Error  string        `json:"error,omitempty"`
}

func main() {
	register()
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(make([]byte, 1<<20), 1<<28)
	out := bufio.NewWriter(os.Stdout)
	for lines.Scan() {
		var r request
		result := answer{}
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			result.Error = err.Error()
		} else {
			result = handle(r)
		}
		result.Go = runtime.Version()
		json.NewEncoder(out).Encode(result)
		out.Flush()
	}
}

func handle(r request) (result answer) {
	defer func() {
		if p := recover(); p != nil {
			result.Error = fmt.Sprint("panic: ", p)
		}
	}()
	switch r.Op {
	case "random":
		t, values := generate(r.Seed, r.Count)
		return answer{Type: t, Values: renderAll(values), Stream: encode(values)}
	case "check":
		t, wanted := generate(r.Seed, r.Count)
		values, err := decode(t, r.Stream, r.Count)
		if err != nil {
			return answer{Error: err.Error()}
		}
		a, _ := json.Marshal(renderAll(wanted))
		b, _ := json.Marshal(renderAll(values))
		if !bytes.Equal(a, b) {
			return answer{Error: fmt.Sprintf("wanted %s, got %s", a, b)}
		}
		return answer{}
	case "echo":
		values, err := decode(r.Type, r.Stream, r.Count)
		if err != nil {
			return answer{Error: err.Error()}
		}
		return answer{Values: renderAll(values), Stream: encode(values)}
	}
	return answer{Error: "unknown op " + r.Op}
}

func generate(seed int64, count int) (*desc, []reflect.Value) {
	random := rand.New(rand.NewSource(seed))
	t := randomType(random, 4)
	values := []reflect.Value{}
	for i := 0; i < count; i++ {
		value := reflect.New(t.goType()).Elem()
		fill(random, value, t, 5)
		values = append(values, value)
	}
	return t, values
}

func encode(values []reflect.Value) []byte {
	var buffer bytes.Buffer
	encoder := gob.NewEncoder(&buffer)
	for _, value := range values {
		// By address, so that interfaces are sent as interfaces.
		holder := reflect.New(value.Type())
		holder.Elem().Set(value)
		if err := encoder.EncodeValue(holder); err != nil {
			panic(err)
		}
	}
	return buffer.Bytes()
}

func decode(t *desc, stream []byte, count int) ([]reflect.Value, error) {
	decoder := gob.NewDecoder(bytes.NewReader(stream))
	values := []reflect.Value{}
	for i := 0; i < count; i++ {
		holder := reflect.New(t.goType())
		if err := decoder.DecodeValue(holder); err != nil {
			return nil, err
		}
		values = append(values, holder.Elem())
	}
	return values, nil
}

func renderAll(values []reflect.Value) []interface{} {
	out := []interface{}{}
	for _, value := range values {
		out = append(out, render(value))
	}
	return out
}
