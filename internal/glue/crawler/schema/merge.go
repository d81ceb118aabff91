package schema

import (
	"slices"
	"strings"
)

// integers are ordered from narrow to wide, with the digits that each can need.
var integers = []struct {
	base   string
	digits int
}{{"tinyint", 3}, {"smallint", 5}, {"int", 10}, {"bigint", 19}}

func integerRank(t *Type) int {
	for i, n := range integers {
		if n.base == t.Base {
			return i
		}
	}
	return -1
}

func floating(t *Type) bool { return t.Base == "float" || t.Base == "double" }
func temporal(t *Type) bool { return t.Base == "date" || t.Base == "timestamp" }
func numeric(t *Type) bool  { return integerRank(t) >= 0 || floating(t) || t.Base == "decimal" }
func textual(t *Type) bool  { return t.Base == "string" || t.Base == "char" || t.Base == "varchar" }

func null(t *Type) bool { return t == nil || t.Base == "" }

// Merge is the narrowest type that holds values of both; string where there is nothing better.
func Merge(a, b *Type) *Type {
	switch {
	case null(a):
		return b
	case null(b):
		return a
	case a.Base == "struct" && b.Base == "struct":
		return &Type{Base: "struct", Fields: MergeFields(a.Fields, b.Fields)}
	case a.Base == "array" && b.Base == "array":
		return &Type{Base: "array", Elem: Merge(a.Elem, b.Elem)}
	case a.Base == "map" && b.Base == "map":
		return &Type{Base: "map", Key: Merge(a.Key, b.Key), Elem: Merge(a.Elem, b.Elem)}
	case a.Base == b.Base && slices.Equal(a.Args, b.Args):
		return a
	case numeric(a) && numeric(b):
		return mergeNumbers(a, b)
	case temporal(a) && temporal(b):
		return Of("timestamp")
	case a.Base == b.Base && (a.Base == "varchar" || a.Base == "char") && len(a.Args) == 1 && len(b.Args) == 1:
		return &Type{Base: a.Base, Args: []int{max(a.Args[0], b.Args[0])}}
	}
	return Of("string")
}

func mergeNumbers(a, b *Type) *Type {
	ra, rb := integerRank(a), integerRank(b)
	switch {
	case ra >= 0 && rb >= 0:
		return Of(integers[max(ra, rb)].base)
	case floating(a) || floating(b):
		return Of("double")
	}
	pa, sa := precision(a)
	pb, sb := precision(b)
	scale := max(sa, sb)
	p := max(pa-sa, pb-sb) + scale
	if p > 38 {
		return Of("double")
	}
	return Decimal(p, scale)
}

// precision is that of a decimal, or the one an integer needs.
func precision(t *Type) (p, s int) {
	if r := integerRank(t); r >= 0 {
		return integers[r].digits, 0
	}
	if len(t.Args) == 2 {
		return t.Args[0], t.Args[1]
	}
	return 10, 0
}

// MergeFields merges by name, which is compared without case as readers do; new ones are appended.
func MergeFields(a, b []Field) []Field {
	out := slices.Clone(a)
	at := make(map[string]int, len(a))
	for i, f := range out {
		at[strings.ToLower(f.Name)] = i
	}
	for _, f := range b {
		key := strings.ToLower(f.Name)
		if i, ok := at[key]; ok {
			out[i].Type = Merge(out[i].Type, f.Type)
			continue
		}
		at[key] = len(out)
		out = append(out, f)
	}
	return out
}

// Append adds to a what only b has, columns and nested fields alike, and changes or drops nothing.
func Append(a, b []Field) []Field {
	out := slices.Clone(a)
	at := make(map[string]int, len(a))
	for i, f := range out {
		at[strings.ToLower(f.Name)] = i
	}
	for _, f := range b {
		key := strings.ToLower(f.Name)
		if i, ok := at[key]; ok {
			out[i].Type = appendType(out[i].Type, f.Type)
			continue
		}
		at[key] = len(out)
		out = append(out, f)
	}
	return out
}

func appendType(a, b *Type) *Type {
	if null(a) || null(b) || a.Base != b.Base {
		return a
	}
	switch a.Base {
	case "struct":
		return &Type{Base: "struct", Fields: Append(a.Fields, b.Fields)}
	case "array":
		return &Type{Base: "array", Elem: appendType(a.Elem, b.Elem)}
	case "map":
		return &Type{Base: "map", Key: a.Key, Elem: appendType(a.Elem, b.Elem)}
	}
	return a
}

// Threshold is the similarity from which schemas count as alike.
const Threshold = 0.7

// Similarity is the share of all names that both have with compatible types. Nothing is like anything.
func Similarity(a, b []Field) float64 {
	if len(a) == 0 || len(b) == 0 {
		return 1
	}
	types := make(map[string]*Type, len(a))
	for _, f := range a {
		types[strings.ToLower(f.Name)] = f.Type
	}
	all, shared := len(types), 0
	seen := make(map[string]bool, len(b))
	for _, f := range b {
		name := strings.ToLower(f.Name)
		if seen[name] {
			continue
		}
		seen[name] = true
		t, ok := types[name]
		switch {
		case !ok:
			all++
		case compatible(t, f.Type):
			shared++
		}
	}
	return float64(shared) / float64(all)
}

// compatible: a merge keeps the kind of both, or one is text, which other files of the same column may well look like.
func compatible(a, b *Type) bool {
	if null(a) || null(b) {
		return true
	}
	nested := func(t *Type) bool { return t.Base == "struct" || t.Base == "array" || t.Base == "map" }
	if nested(a) || nested(b) {
		return a.Base == b.Base
	}
	return textual(a) || textual(b) || a.Base == b.Base || numeric(a) && numeric(b) || temporal(a) && temporal(b)
}
