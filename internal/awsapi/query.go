package awsapi

import (
	"fmt"
	"net/url"
	"reflect"
	"sort"
	"strconv"
	"strings"
)

// paramTree is a Query request's parameters by their dotted path.
type paramTree struct {
	value    string
	set      bool
	children map[string]*paramTree
}

func newParamTree(form url.Values) (*paramTree, error) {
	root := &paramTree{}
	for k, vs := range form {
		n := root
		parts := strings.Split(k, ".")
		if len(parts) > 32 {
			return nil, fmt.Errorf("parameter %q is nested too deeply", k)
		}
		for _, p := range parts {
			if n.children == nil {
				n.children = map[string]*paramTree{}
			}
			c := n.children[p]
			if c == nil {
				c = &paramTree{}
				n.children[p] = c
			}
			n = c
		}
		n.value, n.set = vs[0], true
	}
	return root, nil
}

// items are the elements of a list: "Tags.Tag.1", "Tags.member.1" or "Tags.1".
func (n *paramTree) items() ([]*paramTree, error) {
	type item struct {
		i int
		n *paramTree
	}
	var list []item
	var collect func(*paramTree, bool) error
	collect = func(t *paramTree, nested bool) error {
		for k, c := range t.children {
			if i, err := strconv.Atoi(k); err == nil {
				list = append(list, item{i, c})
			} else if nested {
				if err := collect(c, false); err != nil {
					return err
				}
			}
		}
		return nil
	}
	if err := collect(n, true); err != nil {
		return nil, err
	}
	sort.Slice(list, func(i, j int) bool { return list[i].i < list[j].i })
	out := make([]*paramTree, len(list))
	for i := range list {
		out[i] = list[i].n
	}
	return out, nil
}

func (n *paramTree) into(v reflect.Value) error {
	if v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch {
	case v.Kind() == reflect.Struct && v.Type() != timeType:
		p := planOf(v.Type())
		for i := range p.fields {
			f := &p.fields[i]
			c := n.children[f.wire]
			if c == nil {
				c = n.children[f.name]
			}
			if c == nil {
				continue
			}
			if err := c.into(v.Field(f.index)); err != nil {
				return fmt.Errorf("%s: %w", f.wire, err)
			}
		}
		return nil
	case v.Kind() == reflect.Slice && v.Type().Elem().Kind() != reflect.Uint8:
		items, err := n.items()
		if err != nil {
			return err
		}
		v.Set(reflect.MakeSlice(v.Type(), len(items), len(items)))
		for i, it := range items {
			if err := it.into(v.Index(i)); err != nil {
				return err
			}
		}
		return nil
	case v.Kind() == reflect.Map:
		entries, err := n.items()
		if err != nil {
			return err
		}
		v.Set(reflect.MakeMap(v.Type()))
		for _, e := range entries {
			k, val := e.children["key"], e.children["value"]
			if k == nil || val == nil {
				return fmt.Errorf("a map's entry needs key and value")
			}
			el := reflect.New(v.Type().Elem()).Elem()
			if err := val.into(el); err != nil {
				return err
			}
			v.SetMapIndex(reflect.ValueOf(k.value), el)
		}
		return nil
	}
	return setScalar(v, n.value)
}

// queryValues writes a shape as Query parameters (the client's side).
func queryValues(form url.Values, prefix string, v reflect.Value, f *fieldPlan) {
	ts := ""
	if f != nil {
		ts = f.ts
	}
	if text, ok := scalarText(v, ts); ok {
		form.Set(prefix, text)
		return
	}
	if v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return
		}
		v = v.Elem()
	}
	switch v.Kind() {
	case reflect.Struct:
		p := planOf(v.Type())
		for i := range p.fields {
			name := p.fields[i].wire
			if prefix != "" {
				name = prefix + "." + name
			}
			queryValues(form, name, v.Field(p.fields[i].index), &p.fields[i])
		}
	case reflect.Slice:
		el := "member"
		if f != nil && f.el != "" {
			el = f.el
		}
		if f == nil || !f.flat {
			prefix += "." + el
		}
		for i := range v.Len() {
			queryValues(form, prefix+"."+strconv.Itoa(i+1), v.Index(i), nil)
		}
	case reflect.Map:
		for i, k := range v.MapKeys() {
			e := prefix + ".entry." + strconv.Itoa(i+1)
			form.Set(e+".key", k.String())
			queryValues(form, e+".value", v.MapIndex(k), nil)
		}
	}
}
