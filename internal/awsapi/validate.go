package awsapi

import (
	"fmt"
	"reflect"
	"regexp"
	"sort"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// problems gathers what an input breaks, in AWS's words.
type problems struct {
	m    *Model
	list []string
}

// Validate checks an input against the model's constraints. The error has the
// text that AWS's services answer with; its code depends on the protocol.
func (m *Model) Validate(in any) *Error {
	p := &problems{m: m}
	p.structure(reflect.ValueOf(in).Elem(), "")
	if len(p.list) == 0 {
		return nil
	}
	noun := "errors"
	if len(p.list) == 1 {
		noun = "error"
	}
	code := "ValidationException"
	switch {
	case m.Protocol == Query:
		code = "ValidationError"
	case m.EndpointPrefix == "logs":
		code = "InvalidParameterException"
	case m.EndpointPrefix == "quicksight":
		code = "InvalidParameterValueException"
	}
	return NewError(code, 400, "message", "%d validation %s detected: %s", len(p.list), noun, strings.Join(p.list, "; "))
}

func lowerFirst(s string) string {
	r, n := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(r)) + s[n:]
}

func (p *problems) structure(v reflect.Value, path string) {
	for i := range planOf(v.Type()).fields {
		f := &planOf(v.Type()).fields[i]
		fv := v.Field(f.index)
		if f.stream {
			continue
		}
		at := func() string {
			if path == "" {
				return lowerFirst(f.name)
			}
			return path + "." + lowerFirst(f.name)
		}
		if isNil(fv) {
			if f.required {
				p.add("null", at(), "Member must not be null")
			}
			continue
		}
		if f.shape == "" && isScalarType(f.typ) {
			continue
		}
		p.value(fv, f.shape, at())
	}
}

func isNil(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return v.IsNil()
	}
	return false
}

func isScalarType(t reflect.Type) bool {
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t.Kind() {
	case reflect.Struct:
		return t == timeType
	case reflect.Slice:
		return t.Elem().Kind() == reflect.Uint8
	case reflect.Map:
		return false
	}
	return true
}

func (p *problems) value(v reflect.Value, shapeName, path string) {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	s, constrained := p.m.Shapes[shapeName]
	switch v.Kind() {
	case reflect.Struct:
		if v.Type() != timeType {
			p.structure(v, path)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			if constrained && v.Type() != docType {
				p.length(v.Len(), "", s, path)
			}
			return
		}
		if constrained {
			p.length(v.Len(), fmt.Sprintf("%v", p.brief(v)), s, path)
		}
		if s.Member == "" && isScalarType(v.Type().Elem()) {
			return
		}
		for i := range v.Len() {
			p.value(v.Index(i), s.Member, path+"."+strconv.Itoa(i+1)+".member")
		}
	case reflect.Map:
		if constrained {
			p.length(v.Len(), p.brief(v), s, path)
		}
		if s.Key == "" && s.Value == "" && isScalarType(v.Type().Elem()) {
			return
		}
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, k := range keys {
			p.value(k, s.Key, path)
			p.value(v.MapIndex(k), s.Value, path+"."+k.String()+".member")
		}
	case reflect.String:
		if constrained {
			p.text(v.String(), s, path)
		}
	case reflect.Int32, reflect.Int64:
		if constrained {
			p.number(float64(v.Int()), s, path)
		}
	case reflect.Float64:
		if constrained {
			p.number(v.Float(), s, path)
		}
	}
}

func (p *problems) brief(v reflect.Value) string {
	if v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.String {
		items := make([]string, v.Len())
		for i := range items {
			items[i] = v.Index(i).String()
		}
		return "[" + strings.Join(items, ", ") + "]"
	}
	return fmt.Sprintf("[%d elements]", v.Len())
}

func (p *problems) add(value, path, constraint string) {
	if value != "null" {
		if len(value) > 256 {
			value = value[:256] + "…"
		}
		value = "'" + value + "'"
	}
	p.list = append(p.list, "Value "+value+" at '"+path+"' failed to satisfy constraint: "+constraint)
}

func (p *problems) length(n int, value string, s Shape, path string) {
	if s.Max != nil && n > int(*s.Max) {
		p.add(value, path, fmt.Sprintf("Member must have length less than or equal to %d", int64(*s.Max)))
	}
	if s.Min != nil && n < int(*s.Min) {
		p.add(value, path, fmt.Sprintf("Member must have length greater than or equal to %d", int64(*s.Min)))
	}
}

func (p *problems) number(n float64, s Shape, path string) {
	text := strconv.FormatFloat(n, 'f', -1, 64)
	if s.Max != nil && n > *s.Max {
		p.add(text, path, "Member must have value less than or equal to "+strconv.FormatFloat(*s.Max, 'f', -1, 64))
	}
	if s.Min != nil && n < *s.Min {
		p.add(text, path, "Member must have value greater than or equal to "+strconv.FormatFloat(*s.Min, 'f', -1, 64))
	}
}

func (p *problems) text(v string, s Shape, path string) {
	p.length(utf8.RuneCountInString(v), v, s, path)
	if s.Pattern != "" && !pattern(s.Pattern).MatchString(v) {
		shown := s.Pattern
		if s.PatternText != "" {
			shown = s.PatternText
		}
		p.add(v, path, "Member must satisfy regular expression pattern: "+shown)
	}
	if len(s.Enum) > 0 {
		for _, e := range s.Enum {
			if e == v {
				return
			}
		}
		p.add(v, path, "Member must satisfy enum value set: ["+strings.Join(s.Enum, ", ")+"]")
	}
}

var patterns sync.Map // string -> *regexp.Regexp: a cache of a pure function

func pattern(p string) *regexp.Regexp {
	if re, ok := patterns.Load(p); ok {
		return re.(*regexp.Regexp)
	}
	re := regexp.MustCompile(`^(?s:` + p + `)$`) // the generator compiled it before
	patterns.Store(p, re)
	return re
}
