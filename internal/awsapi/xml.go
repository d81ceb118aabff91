package awsapi

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"reflect"
	"sort"
	"strings"
)

// xmlNode is an element read into memory: requests are small, bodies of objects never come this way.
type xmlNode struct {
	name     string
	attrs    []xml.Attr
	children []*xmlNode
	text     strings.Builder
}

// readXML parses a document of at most maxDepth nested elements.
func readXML(r io.Reader) (*xmlNode, error) {
	const maxDepth = 64
	dec := xml.NewDecoder(r)
	var stack []*xmlNode
	var root *xmlNode
	for {
		tok, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		switch t := tok.(type) {
		case xml.StartElement:
			n := &xmlNode{name: t.Name.Local, attrs: t.Attr}
			if len(stack) > 0 {
				top := stack[len(stack)-1]
				top.children = append(top.children, n)
			} else if root == nil {
				root = n
			} else {
				return nil, fmt.Errorf("more than one root element")
			}
			if stack = append(stack, n); len(stack) > maxDepth {
				return nil, fmt.Errorf("elements nested deeper than %d", maxDepth)
			}
		case xml.EndElement:
			stack = stack[:len(stack)-1]
		case xml.CharData:
			if len(stack) > 0 {
				stack[len(stack)-1].text.Write(t)
			}
		}
	}
	if root == nil {
		return nil, io.EOF
	}
	return root, nil
}

func (n *xmlNode) into(v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		v = v.Elem()
	}
	if v.Kind() == reflect.Struct && v.Type() != timeType {
		return n.intoStruct(v)
	}
	if err := setScalar(v, n.scalar(v)); err != nil {
		return fmt.Errorf("%s: %w", n.name, err)
	}
	return nil
}

func (n *xmlNode) scalar(v reflect.Value) string {
	if v.Kind() == reflect.String {
		return n.text.String()
	}
	return strings.TrimSpace(n.text.String())
}

func (n *xmlNode) intoStruct(v reflect.Value) error {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if f.loc != "" || f.stream {
			continue
		}
		fv := v.Field(f.index)
		if f.attr {
			_, local, ok := strings.Cut(f.wire, ":")
			if !ok {
				local = f.wire
			}
			for _, a := range n.attrs {
				if a.Name.Local == local {
					if err := setScalar(fv, a.Value); err != nil {
						return err
					}
				}
			}
			continue
		}
		for _, c := range n.children {
			if c.name != f.wire {
				continue
			}
			if err := c.intoMember(fv, f); err != nil {
				return err
			}
		}
	}
	return nil
}

func (n *xmlNode) intoMember(fv reflect.Value, f *fieldPlan) error {
	switch {
	case fv.Kind() == reflect.Slice && fv.Type().Elem().Kind() != reflect.Uint8:
		items := []*xmlNode{n}
		if !f.flat {
			items = n.children
			if fv.IsNil() {
				fv.Set(reflect.MakeSlice(fv.Type(), 0, len(items)))
			}
		}
		for _, it := range items {
			e := reflect.New(fv.Type().Elem()).Elem()
			if err := it.into(e); err != nil {
				return err
			}
			fv.Set(reflect.Append(fv, e))
		}
		return nil
	case fv.Kind() == reflect.Map:
		entries := n.children
		if f.flat {
			entries = []*xmlNode{n}
		}
		if fv.IsNil() {
			fv.Set(reflect.MakeMap(fv.Type()))
		}
		kn, vn := or(f.key, "key"), or(f.val, "value")
		for _, e := range entries {
			var k string
			val := reflect.New(fv.Type().Elem()).Elem()
			for _, c := range e.children {
				switch c.name {
				case kn:
					k = c.text.String()
				case vn:
					if err := c.into(val); err != nil {
						return err
					}
				}
			}
			fv.SetMapIndex(reflect.ValueOf(k), val)
		}
		return nil
	}
	return n.into(fv)
}

func or(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// xmlWriter writes shapes as AWS's XML.
type xmlWriter struct{ bytes.Buffer }

func (w *xmlWriter) open(name, ns string) {
	w.WriteByte('<')
	w.WriteString(name)
	if ns != "" {
		w.WriteString(` xmlns="`)
		w.escape(ns)
		w.WriteByte('"')
	}
	w.WriteByte('>')
}

func (w *xmlWriter) close(name string) {
	w.WriteString("</")
	w.WriteString(name)
	w.WriteByte('>')
}

func (w *xmlWriter) escape(s string) { _ = xml.EscapeText(&w.Buffer, []byte(s)) } // a Buffer never fails

func (w *xmlWriter) element(name, text string) {
	w.open(name, "")
	w.escape(text)
	w.close(name)
}

// fields writes the body members of a structure.
func (w *xmlWriter) fields(v reflect.Value) {
	p := planOf(v.Type())
	for i := range p.fields {
		f := &p.fields[i]
		if f.loc != "" || f.stream || f.attr {
			continue
		}
		w.member(v.Field(f.index), f)
	}
}

func (w *xmlWriter) member(v reflect.Value, f *fieldPlan) {
	if isNil(v) {
		return
	}
	switch {
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		if f.flat {
			for i := range v.Len() {
				w.value(f.wire, v.Index(i), f)
			}
			return
		}
		w.open(f.wire, "")
		for i := range v.Len() {
			w.value(or(f.el, "member"), v.Index(i), f)
		}
		w.close(f.wire)
	case v.Kind() == reflect.Map:
		entry := "entry"
		if f.flat {
			entry = f.wire
		} else {
			w.open(f.wire, "")
		}
		keys := v.MapKeys()
		sort.Slice(keys, func(i, j int) bool { return keys[i].String() < keys[j].String() })
		for _, k := range keys {
			w.open(entry, "")
			w.element(or(f.key, "key"), k.String())
			w.value(or(f.val, "value"), v.MapIndex(k), f)
			w.close(entry)
		}
		if !f.flat {
			w.close(f.wire)
		}
	default:
		w.value(f.wire, v, f)
	}
}

func (w *xmlWriter) value(name string, v reflect.Value, f *fieldPlan) {
	if text, ok := scalarText(v, f.ts); ok {
		w.open(name, f.ns)
		w.escape(text)
		w.close(name)
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	w.WriteByte('<')
	w.WriteString(name)
	if f.ns != "" {
		w.WriteString(` xmlns="` + f.ns + `"`)
	}
	p := planOf(v.Type())
	for i := range p.fields {
		if a := &p.fields[i]; a.attr {
			if text, ok := scalarText(v.Field(a.index), a.ts); ok {
				if prefix, _, found := strings.Cut(a.wire, ":"); found && prefix == "xsi" {
					w.WriteString(` xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"`)
				}
				w.WriteString(" " + a.wire + `="`)
				w.escape(text)
				w.WriteByte('"')
			}
		}
	}
	w.WriteByte('>')
	w.fields(v)
	w.close(name)
}
