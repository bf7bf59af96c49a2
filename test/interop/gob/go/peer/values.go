package main

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"math/rand"
	"reflect"
	"sort"
	"time"
)

var words = []string{"", "a", "hello", "é", "日本語", "𝄞 clef", "\x00\x01", "a longer string, of more than twenty-four letters", "\ufeffbom"}

// fill makes a random value. Avoids what gob does not keep apart: pointers to what would be omitted, and negative zero.
func fill(r *rand.Rand, v reflect.Value, d *desc, depth int) {
	switch d.Kind {
	case "bool":
		v.SetBool(r.Intn(2) == 0)
	case "int", "int8", "int16", "int32", "int64":
		v.SetInt(int64(r.Uint64()) >> (64 - v.Type().Bits()) >> r.Intn(v.Type().Bits()))
	case "uint", "uint8", "uint16", "uint32", "uint64":
		v.SetUint(r.Uint64() >> (64 - v.Type().Bits()) >> r.Intn(v.Type().Bits()))
	case "float32":
		v.SetFloat(float64(float32(randomFloat(r))))
	case "float64":
		v.SetFloat(randomFloat(r))
	case "complex64":
		v.SetComplex(complex128(complex64(complex(randomFloat(r), randomFloat(r)))))
	case "complex128":
		v.SetComplex(complex(randomFloat(r), randomFloat(r)))
	case "string":
		v.SetString(words[r.Intn(len(words))])
	case "bytes":
		b := make([]byte, r.Intn(40))
		r.Read(b)
		v.SetBytes(b)
	case "interface":
		if value := randomDynamic(r, depth-1); value != nil {
			v.Set(reflect.ValueOf(value))
		}
	case "slice":
		v.Set(reflect.MakeSlice(v.Type(), r.Intn(4), 4))
		for i := 0; i < v.Len(); i++ {
			fill(r, v.Index(i), d.Elem, depth-1)
		}
	case "array":
		for i := 0; i < v.Len(); i++ {
			fill(r, v.Index(i), d.Elem, depth-1)
		}
	case "map":
		v.Set(reflect.MakeMap(v.Type()))
		for i, n := 0, r.Intn(4); i < n; i++ {
			key, elem := reflect.New(v.Type().Key()).Elem(), reflect.New(v.Type().Elem()).Elem()
			fill(r, key, d.Key, depth-1)
			fill(r, elem, d.Elem, depth-1)
			v.SetMapIndex(key, elem)
		}
	case "ptr":
		fillPointer(r, v, d, depth)
	case "struct":
		for i, f := range d.Fields {
			fill(r, v.Field(i), f.Type, depth-1)
		}
	case "named":
		fillNamed(r, v, d.Name, depth)
	default:
		panic("cannot fill " + d.Kind)
	}
}

func fillPointer(r *rand.Rand, v reflect.Value, d *desc, depth int) {
	if r.Intn(3) == 0 {
		return
	}
	target := reflect.New(v.Type().Elem())
	fill(r, target.Elem(), d.Elem, depth-1)
	empty := (target.Elem().Kind() == reflect.Slice || target.Elem().Kind() == reflect.Map) && target.Elem().Len() == 0
	whole := target.Elem().Kind() == reflect.Struct || target.Elem().Kind() == reflect.Array
	if !empty && (whole && d.Elem.Name != "Time" && d.Elem.Name != "GE" && d.Elem.Name != "BM" || !target.Elem().IsZero()) {
		v.Set(target)
	}
}

func fillNamed(r *rand.Rand, v reflect.Value, name string, depth int) {
	switch name {
	case "In":
		v.Set(reflect.ValueOf(In{r.Intn(9) - 4, r.Intn(3)}))
	case "S1":
		v.Set(reflect.ValueOf(S1{r.Intn(3), words[r.Intn(len(words))]}))
	case "PE":
		v.Set(reflect.ValueOf(PE{words[r.Intn(len(words))]}))
	case "AnyS":
		v.Set(reflect.ValueOf(AnyS{randomDynamic(r, depth-1)}))
	case "Rec":
		var rec *Rec
		for i := r.Intn(5); i >= 0; i-- {
			rec = &Rec{r.Intn(5), rec}
		}
		v.Set(reflect.ValueOf(*rec))
	case "Tree":
		v.Set(reflect.ValueOf(randomTree(r, min(depth, 3))))
	case "GE":
		v.Set(reflect.ValueOf(GE{"g" + words[r.Intn(len(words))]}))
	case "BM":
		v.Set(reflect.ValueOf(BM{"b" + words[r.Intn(len(words))]}))
	case "Time":
		v.Set(reflect.ValueOf(randomTime(r)))
	}
}

func randomTree(r *rand.Rand, depth int) Tree {
	tree := Tree{Name: words[r.Intn(len(words))], ByName: map[string]*Tree{}}
	for i := r.Intn(3); depth > 0 && i > 0; i-- {
		tree.Children = append(tree.Children, randomTree(r, depth-1))
		child := randomTree(r, depth-1)
		tree.ByName[fmt.Sprint("k", i)] = &child
	}
	return tree
}

func randomTime(r *rand.Rand) time.Time {
	t := time.Unix(r.Int63n(1<<33)-1<<32, r.Int63n(1e9))
	switch r.Intn(4) {
	case 0:
		return t.UTC()
	case 1:
		return time.Time{}
	case 2:
		return t.In(time.FixedZone("", r.Intn(50000)+61))
	}
	return t.In(time.FixedZone("", 60*(r.Intn(1400)-1400)-120))
}

func randomFloat(r *rand.Rand) float64 {
	switch r.Intn(5) {
	case 0:
		return 0
	case 1:
		return float64(r.Intn(1000) - 500)
	case 2:
		return math.Inf(r.Intn(2)*2 - 1)
	}
	return r.NormFloat64() * math.Pow(10, float64(r.Intn(30)-15))
}

// predeclared names, and the description of their types.
func randomDynamic(r *rand.Rand, depth int) interface{} {
	n := r.Intn(30)
	if depth <= 0 && n > 20 {
		n = r.Intn(20)
	}
	in := In{r.Intn(5), 2}
	switch n {
	case 1, 2:
		return words[r.Intn(len(words))]
	case 3:
		return r.Intn(1000) - 500
	case 4:
		return int8(r.Intn(256) - 128)
	case 5:
		return int64(r.Uint64())
	case 6:
		return r.Uint64()
	case 7:
		return uint16(r.Intn(1 << 16))
	case 8:
		return randomFloat(r)
	case 9:
		return float32(1.5)
	case 10:
		return complex(randomFloat(r), 1)
	case 11:
		return r.Intn(2) == 0
	case 12:
		return []byte("bytes")
	case 13:
		return []string{"x", "y"}
	case 14:
		return []float32{0.5, 0}
	case 15:
		return in
	case 16:
		return S1{1, "s"}
	case 17:
		return &PE{"failed"}
	case 18:
		return Rec{1, &Rec{2, nil}}
	case 19:
		return randomTime(r)
	case 20:
		return GE{"ge"}
	case 21, 22, 23:
		return AnyS{randomDynamic(r, depth-1)}
	case 24, 25, 26:
		m := map[string]interface{}{}
		for i := r.Intn(4); i > 0; i-- {
			m[fmt.Sprint("k", i)] = randomDynamic(r, depth-1)
		}
		return m
	case 27, 28, 29:
		s := []interface{}{}
		for i := r.Intn(4); i > 0; i-- {
			s = append(s, randomDynamic(r, depth-1))
		}
		return s
	}
	return nil
}

// dynamicName is the registered name of a concrete type.
func dynamicName(t reflect.Type) string {
	for name, value := range registered {
		if reflect.TypeOf(value) == t {
			return name
		}
	}
	return t.String()
}

func bits(f float64) string {
	if math.IsNaN(f) {
		return "NaN"
	}
	return fmt.Sprintf("%016x", math.Float64bits(f))
}

// render writes a value as plain JSON, without what gob does not keep apart.
func render(v reflect.Value) interface{} {
	if v.Kind() == reflect.Interface {
		return renderDynamic(v)
	}
	switch value := v.Interface().(type) {
	case time.Time:
		_, offset := value.Zone()
		var zone interface{} = offset
		if value.Location() == time.UTC {
			zone = nil
		}
		return []interface{}{fmt.Sprint(value.Unix()), value.Nanosecond(), zone}
	case GE:
		return base64.StdEncoding.EncodeToString([]byte(value.Text))
	case BM:
		return base64.StdEncoding.EncodeToString([]byte(value.Text))
	case []byte:
		return base64.StdEncoding.EncodeToString(value)
	}
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return fmt.Sprint(v.Int())
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return fmt.Sprint(v.Uint())
	case reflect.Float32, reflect.Float64:
		return bits(v.Float())
	case reflect.Complex64, reflect.Complex128:
		return []interface{}{bits(real(v.Complex())), bits(imag(v.Complex()))}
	case reflect.String:
		return v.String()
	case reflect.Slice, reflect.Array:
		out := []interface{}{}
		for i := 0; i < v.Len(); i++ {
			out = append(out, render(v.Index(i)))
		}
		return out
	case reflect.Map:
		return renderMap(v)
	case reflect.Struct:
		out := []interface{}{}
		for i := 0; i < v.NumField(); i++ {
			out = append(out, render(v.Field(i)))
		}
		return out
	case reflect.Pointer:
		if v.IsNil() {
			return nil
		}
		return []interface{}{render(v.Elem())}
	}
	panic("cannot render " + v.Kind().String())
}

func renderDynamic(v reflect.Value) interface{} {
	if v.IsNil() {
		return nil
	}
	elem := v.Elem()
	name := dynamicName(elem.Type())
	if elem.Kind() == reflect.Pointer {
		elem = elem.Elem()
	}
	return map[string]interface{}{"type": name, "value": render(elem)}
}

// renderMap orders the entries by the JSON text of their keys.
func renderMap(v reflect.Value) interface{} {
	type entry struct {
		text string
		pair []interface{}
	}
	entries := []entry{}
	for _, key := range v.MapKeys() {
		k := render(key)
		text, _ := json.Marshal(k)
		entries = append(entries, entry{string(text), []interface{}{k, render(v.MapIndex(key))}})
	}
	sort.Slice(entries, func(i, j int) bool { return entries[i].text < entries[j].text })
	out := []interface{}{}
	for _, e := range entries {
		out = append(out, e.pair)
	}
	return out
}
