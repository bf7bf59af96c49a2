// Prints the gob streams of known values as Go's encoding/gob writes them: go run . > vectors.json
//
// Type ids belong to the process, so every case runs in a process of its own; with -shift a type is used up before, so that the
// first id of the case is 65 instead of 64.
package main

import (
	"bytes"
	"encoding/gob"
	"encoding/hex"
	"encoding/json"
	"flag"
	"fmt"
	"math"
	"os"
	"os/exec"
	"runtime"
	"time"
)

type S1 struct {
	A int
	B string
}
type In struct{ X, Y int }
type Nest struct {
	P In
	Q *In
	R []In
}
type Rec struct {
	V    int
	Next *Rec
}
type Tree struct {
	Name     string
	Children []Tree
	ByName   map[string]*Tree
}
type Arr struct {
	F [2]int
	G [3]byte
}
type MapS struct{ M map[string]int }
type Multi struct {
	A bool
	B uint8
	C float64
	D []byte
	E complex128
	F []string
}
type BE struct{ Message string }
type Empty struct{}
type AnyS struct{ V interface{} }
type TimeS struct{ T, U time.Time }
type Request struct {
	ServiceMethod string
	Seq           uint64
}
type Response struct {
	ServiceMethod string
	Seq           uint64
	Error         string
}
type GE struct{ text string }

func (g GE) GobEncode() ([]byte, error) { return []byte(g.text), nil }
func (g *GE) GobDecode(b []byte) error  { g.text = string(b); return nil }

type BM struct{ text string }

func (m BM) MarshalBinary() ([]byte, error)  { return []byte(m.text), nil }
func (m *BM) UnmarshalBinary(b []byte) error { m.text = string(b); return nil }

type Opaque struct {
	G GE
	B BM
	Z GE
}
type Embedding struct {
	In
	Z int
}
type named int
type Keys struct {
	I map[int]string
	B map[bool]float64
	A map[[2]int8]bool
	S map[In]uint
}
type Ptrs struct {
	I *int
	S *string
	A *[2]int
	M *map[string]int
	P **int
}
type Wide struct {
	I64 int64
	U64 uint64
	F32 float32
	C64 complex64
	Up  uintptr
}
type used struct{ Up bool }

type testCase struct {
	name   string
	values []interface{}
}

func ptr[T any](v T) *T { return &v }

var zone = time.FixedZone("", 3600)

func cases() []testCase {
	one := func(name string, values ...interface{}) testCase { return testCase{name, values} }
	var nilAny interface{}
	var hello interface{} = "hello"
	leaf := map[string]*Tree{}
	big := make([]int, 200)
	for i := range big {
		big[i] = i * i * i
	}
	return []testCase{
		one("bool", true, false),
		one("int", 7, 0, -1, -129, 64, 127, 128, int64(math.MaxInt64), int64(math.MinInt64), int8(-128)),
		one("int sizes", -64, -65, 1<<20, -1<<20, 1<<31, -1<<31-1, 1<<47, 1<<48, 1<<51, 1<<52, -1<<52, 1<<53-1, -1<<53+1, 1<<53, 1<<54+1),
		one("uint", uint(7), uint(127), uint(128), uint(256), uint(0), uint64(math.MaxUint64)),
		one("uint sizes", uint(1<<16-1), uint(1<<16), uint(1<<24), uint(1<<32), uint(1<<40), uint(1<<48-1), uint(1<<48), uint(1<<53-1), uint(1<<53), uint(1<<56), uint(1<<63)),
		one("float", 17.0, 0.0, float32(1.5), math.Pi, math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 2.0, 0.1, math.MaxFloat64, math.SmallestNonzeroFloat64),
		one("NaN", math.NaN()),
		one("complex", 1+2i, complex64(-0.5i), 0i),
		one("string", "hello", "", "é", "\x00", "日本語 𝄞", "0123456789012345678901234567890123456789", string(bytes.Repeat([]byte("x"), 300))),
		one("bytes", []byte{1, 2, 3}, []byte(nil), bytes.Repeat([]byte{9}, 200)),
		one("named int and pointers", named(3), ptr(ptr(5))),
		one("nil interface", &nilAny),
		one("interface", &hello),
		one("[]string", []string{"a", "b"}, []string(nil)),
		one("[]int", []int{1, -1, 0}, big),
		one("[]bool", []bool{true, false}),
		one("[][]string", [][]string{{"a"}, {}}),
		one("[]*int", []*int{ptr(0), ptr(9)}),
		one("array", [3]int16{1, -2, 0}),
		one("map", map[string]int{"a": 1}, map[string]int{}),
		one("map of interfaces foo", map[string]interface{}{"key": "foo"}),
		one("map of interfaces 12", map[string]interface{}{"n": 12}),
		one("S1", S1{5, "hi"}, S1{}, S1{0, "z"}, &S1{1, "p"}),
		one("unnamed struct", struct {
			A int
			B string
		}{5, "hi"}),
		one("Nest", Nest{In{1, 2}, &In{3, 0}, []In{{4, 5}, {}}}, Nest{}),
		one("Rec", Rec{1, &Rec{2, nil}}),
		one("Tree", Tree{"a", []Tree{{"b", nil, leaf}, {"c", nil, map[string]*Tree{"d": {"e", nil, leaf}}}}, leaf}),
		one("Arr", Arr{[2]int{1, 0}, [3]byte{}}, Arr{}),
		one("MapS", MapS{}, MapS{map[string]int{}}, MapS{map[string]int{"k": -1}}),
		one("Multi", Multi{true, 200, 1.0, []byte{1, 2}, 1, []string{"x"}}, Multi{}),
		one("nil pointer field", struct {
			E *BE
			R int
		}{nil, 3}),
		one("Empty", Empty{}, Empty{}),
		one("unnamed empty", struct{}{}, struct{}{}),
		one("Embedding", Embedding{In{1, 2}, 3}),
		one("Keys", Keys{map[int]string{-5: "x"}, map[bool]float64{true: 0.5}, map[[2]int8]bool{{1, 2}: true}, map[In]uint{{3, 4}: 5}}),
		one("Ptrs", Ptrs{ptr(4), ptr("s"), &[2]int{}, &map[string]int{}, ptr(ptr(7))}, Ptrs{ptr(0), ptr(""), nil, nil, nil}),
		one("Wide", Wide{math.MinInt64, math.MaxUint64, math.MaxFloat32, 1.5 - 2i, 77}, Wide{}),
		one("AnyS string", AnyS{"hi"}),
		one("AnyS", AnyS{}, AnyS{42}, AnyS{[]string{"x"}}),
		one("AnyS In", AnyS{In{1, 2}}, AnyS{In{3, 4}}),
		one("AnyS AnyS In", AnyS{AnyS{In{1, 2}}}),
		one("AnyS map", AnyS{map[string]interface{}{"k": true}}),
		one("AnyS pointer", AnyS{&BE{"boom"}}),
		one("AnyS kinds", AnyS{int8(-1)}, AnyS{int16(2)}, AnyS{int32(3)}, AnyS{int64(4)}, AnyS{uint(5)}, AnyS{uint8(6)}, AnyS{uint16(7)},
			AnyS{uint32(8)}, AnyS{uint64(9)}, AnyS{uintptr(10)}, AnyS{float32(1.5)}, AnyS{2.5}, AnyS{complex64(1i)}, AnyS{1 + 1i}, AnyS{true},
			AnyS{[]byte{1}}, AnyS{[]bool{true}}, AnyS{[]float64{0.5}}),
		one("[]interface{}", []interface{}{"a", 1, nil, true, 2.5, []byte{9}}),
		one("[]interface{} split twice", []interface{}{In{1, 2}, "between", S1{3, "s"}, In{5, 6}, []interface{}{BE{"x"}, In{7, 8}}, 1}),
		one("split in a nested field", struct {
			Before string
			A      AnyS
			After  string
		}{"b", AnyS{map[string]interface{}{"r": Rec{1, &Rec{2, nil}}}}, "c"}),
		one("rpc request 0", Request{"Dispenser.Dispense", 0}, "test"),
		one("rpc request 1", Request{"Control.Ping", 1}, true),
		one("rpc response", Response{"Dispenser.Dispense", 0, ""}, uint32(1)),
		one("rpc failure", Response{"Dispenser.Dispense", 2, "unknown plugin type: x"}, struct{}{}),
		one("time", time.Unix(1700000000, 5).UTC(), time.Unix(1700000000, 0).In(zone), time.Time{}),
		one("time zones", time.Unix(-5, 999999999).In(time.FixedZone("", -3*3600-1800)), time.Unix(0, 0).In(time.FixedZone("", 3661))),
		one("TimeS", TimeS{time.Unix(1700000000, 5).UTC(), time.Time{}}),
		one("GE", GE{"abc"}),
		one("BM", BM{"abc"}),
		one("Opaque", Opaque{GE{"g"}, BM{"b"}, GE{}}),
	}
}

func encode(c testCase) []string {
	out := []string{}
	var buffer bytes.Buffer
	encoder := gob.NewEncoder(&buffer)
	for _, value := range c.values {
		if err := encoder.Encode(value); err != nil {
			panic(fmt.Sprint(c.name, ": ", err))
		}
		out = append(out, hex.EncodeToString(buffer.Bytes()))
		buffer.Reset()
	}
	return out
}

type vector struct {
	Name string `json:"name"`
	// One string per value, each with the definitions that precede it. Of one stream.
	Values []string `json:"values"`
	// The same where the first id is 65.
	Shifted []string `json:"shifted"`
}

func main() {
	only := flag.Int("case", -1, "encode this case alone")
	shift := flag.Bool("shift", false, "begin with id 65")
	flag.Parse()
	if *only >= 0 {
		if *shift {
			gob.NewEncoder(&bytes.Buffer{}).Encode(used{})
		}
		register(cases()[*only].name)
		json.NewEncoder(os.Stdout).Encode(encode(cases()[*only]))
		return
	}
	vectors := []vector{}
	for i, c := range cases() {
		vectors = append(vectors, vector{c.name, run(i, false), run(i, true)})
	}
	encoder := json.NewEncoder(os.Stdout)
	encoder.SetIndent("", " ")
	encoder.Encode(map[string]interface{}{"go": runtime.Version(), "vectors": vectors})
}

// A type has one name only: BE goes by its own, its pointer by go-plugin's.
func register(name string) {
	gob.Register(In{})
	gob.Register(S1{})
	if name == "AnyS pointer" {
		gob.RegisterName("*plugin.BasicError", &BE{})
	} else {
		gob.Register(BE{})
	}
	gob.Register(AnyS{})
	gob.Register(Rec{})
	gob.Register(map[string]interface{}{})
	gob.Register([]interface{}{})
}

func run(i int, shift bool) []string {
	command := exec.Command(os.Args[0], "-case", fmt.Sprint(i), fmt.Sprintf("-shift=%v", shift))
	command.Stderr = os.Stderr
	output, err := command.Output()
	if err != nil {
		panic(err)
	}
	var values []string
	if err := json.Unmarshal(output, &values); err != nil {
		panic(fmt.Sprint(cases()[i].name, ": ", err))
	}
	return values
}
