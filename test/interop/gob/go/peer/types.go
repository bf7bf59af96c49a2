package main

import (
	"encoding/gob"
	"fmt"
	"math/rand"
	"reflect"
	"time"
)

// desc describes a Go type in JSON.
type desc struct {
	Kind   string  `json:"k"`
	Name   string  `json:"n,omitempty"`
	Len    int     `json:"len,omitempty"`
	Key    *desc   `json:"key,omitempty"`
	Elem   *desc   `json:"e,omitempty"`
	Fields []field `json:"f,omitempty"`
}

type field struct {
	Name string `json:"n"`
	Type *desc  `json:"t"`
}

type In struct{ X, Y int }
type S1 struct {
	A int
	B string
}
type PE struct{ Message string }
type AnyS struct{ V interface{} }
type Rec struct {
	V    int
	Next *Rec
}
type Tree struct {
	Name     string
	Children []Tree
	ByName   map[string]*Tree
}
type GE struct{ Text string }

func (g GE) GobEncode() ([]byte, error) { return []byte(g.Text), nil }
func (g *GE) GobDecode(b []byte) error  { g.Text = string(b); return nil }

type BM struct{ Text string }

func (m BM) MarshalBinary() ([]byte, error)  { return []byte(m.Text), nil }
func (m *BM) UnmarshalBinary(b []byte) error { m.Text = string(b); return nil }

// named are the types that cannot be made by reflection.
var named = map[string]reflect.Type{
	"In":   reflect.TypeOf(In{}),
	"S1":   reflect.TypeOf(S1{}),
	"PE":   reflect.TypeOf(PE{}),
	"AnyS": reflect.TypeOf(AnyS{}),
	"Rec":  reflect.TypeOf(Rec{}),
	"Tree": reflect.TypeOf(Tree{}),
	"GE":   reflect.TypeOf(GE{}),
	"BM":   reflect.TypeOf(BM{}),
	"Time": reflect.TypeOf(time.Time{}),
}

// registered are the types that interfaces may hold besides the predeclared ones.
var registered = map[string]interface{}{
	"main.In":                 In{},
	"main.S1":                 S1{},
	"*plugin.BasicError":      &PE{},
	"main.AnyS":               AnyS{},
	"main.Rec":                Rec{},
	"main.GE":                 GE{},
	"time.Time":               time.Time{},
	"map[string]interface {}": map[string]interface{}{},
	"[]interface {}":          []interface{}{},
}

func register() {
	for name, value := range registered {
		gob.RegisterName(name, value)
	}
}

var anyType = reflect.TypeOf((*interface{})(nil)).Elem()

var scalars = map[string]reflect.Type{
	"bool":       reflect.TypeOf(false),
	"int":        reflect.TypeOf(int(0)),
	"int8":       reflect.TypeOf(int8(0)),
	"int16":      reflect.TypeOf(int16(0)),
	"int32":      reflect.TypeOf(int32(0)),
	"int64":      reflect.TypeOf(int64(0)),
	"uint":       reflect.TypeOf(uint(0)),
	"uint8":      reflect.TypeOf(uint8(0)),
	"uint16":     reflect.TypeOf(uint16(0)),
	"uint32":     reflect.TypeOf(uint32(0)),
	"uint64":     reflect.TypeOf(uint64(0)),
	"float32":    reflect.TypeOf(float32(0)),
	"float64":    reflect.TypeOf(float64(0)),
	"complex64":  reflect.TypeOf(complex64(0)),
	"complex128": reflect.TypeOf(complex128(0)),
	"string":     reflect.TypeOf(""),
	"bytes":      reflect.TypeOf([]byte{}),
	"interface":  anyType,
}

var scalarNames = []string{"bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64",
	"float32", "float64", "complex64", "complex128", "string", "bytes", "interface"}
var keyNames = []string{"bool", "int", "int8", "uint", "uint64", "float64", "string", "complex128"}
var namedNames = []string{"In", "S1", "PE", "AnyS", "Rec", "Tree", "GE", "BM", "Time"}

func (d *desc) goType() reflect.Type {
	switch d.Kind {
	case "slice":
		return reflect.SliceOf(d.Elem.goType())
	case "array":
		return reflect.ArrayOf(d.Len, d.Elem.goType())
	case "map":
		return reflect.MapOf(d.Key.goType(), d.Elem.goType())
	case "ptr":
		return reflect.PointerTo(d.Elem.goType())
	case "named":
		return named[d.Name]
	case "struct":
		fields := []reflect.StructField{}
		for _, f := range d.Fields {
			fields = append(fields, reflect.StructField{Name: f.Name, Type: f.Type.goType()})
		}
		return reflect.StructOf(fields)
	}
	if t, ok := scalars[d.Kind]; ok {
		return t
	}
	panic("unknown kind " + d.Kind)
}

func randomType(r *rand.Rand, depth int) *desc {
	if depth == 0 || r.Intn(4) == 0 {
		if r.Intn(3) == 0 {
			return &desc{Kind: "named", Name: namedNames[r.Intn(len(namedNames))]}
		}
		return &desc{Kind: scalarNames[r.Intn(len(scalarNames))]}
	}
	switch r.Intn(6) {
	case 0:
		return &desc{Kind: "slice", Elem: notByte(randomType(r, depth-1))}
	case 1:
		return &desc{Kind: "array", Len: r.Intn(4), Elem: randomType(r, depth-1)}
	case 2:
		return &desc{Kind: "map", Key: randomKey(r, 2), Elem: randomType(r, depth-1)}
	}
	fields := []field{}
	for i, n := 0, 1+r.Intn(6); i < n; i++ {
		t := randomType(r, depth-1)
		if t.Kind != "interface" && r.Intn(5) == 0 {
			t = &desc{Kind: "ptr", Elem: t}
		}
		fields = append(fields, field{fmt.Sprintf("F%d", i), t})
	}
	return &desc{Kind: "struct", Fields: fields}
}

// notByte keeps []uint8 from being made under the name of a slice.
func notByte(d *desc) *desc {
	if d.Kind == "uint8" {
		return &desc{Kind: "bytes"}
	}
	return d
}

func randomKey(r *rand.Rand, depth int) *desc {
	if depth > 0 && r.Intn(6) == 0 {
		return &desc{Kind: "array", Len: 1 + r.Intn(2), Elem: randomKey(r, depth-1)}
	}
	if r.Intn(8) == 0 {
		return &desc{Kind: "named", Name: "S1"}
	}
	return &desc{Kind: keyNames[r.Intn(len(keyNames))]}
}
