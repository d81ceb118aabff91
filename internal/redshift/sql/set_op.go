package sql

// setOut is UNION, INTERSECT or EXCEPT.
type setOut struct {
	op   string
	l, r compiled
	cols []outColumn
}

func (s *setOut) columns() []outColumn { return s.cols }
func (s *setOut) coerce(i int, t Type) {
	s.l.coerce(i, t)
	s.r.coerce(i, t)
	s.cols[i].typ = t
}
func (s *setOut) trim(i int) {
	s.l.trim(i)
	s.r.trim(i)
	s.cols[i].blank = false
}
func (s *setOut) text() string { return setMember(s.l) + " " + s.op + " " + setMember(s.r) }

func setMember(m compiled) string {
	if _, ok := m.(*selectOut); ok {
		return m.text()
	}
	return "(" + m.text() + ")"
}

func (c *compiler) setOp(s *SetOp) compiled {
	out := &setOut{op: upper(s.Op)}
	if s.All {
		out.op += " ALL"
	}
	out.l, out.r = c.body(s.L), c.body(s.R)
	l, r := out.l.columns(), out.r.columns()
	if len(l) != len(r) {
		panic(errAt(s.At, CodeSyntax, "each %s query must have the same number of columns", upper(s.Op)))
	}
	out.cols = make([]outColumn, len(l))
	for i := range l {
		t, ok := commonType(l[i].typ, r[i].typ)
		if !ok {
			panic(errAt(s.At, CodeTypeMismatch, "%s types %s and %s cannot be matched", upper(s.Op), l[i].typ.BaseName(), r[i].typ.BaseName()))
		}
		out.cols[i] = outColumn{name: l[i].name, sqlName: l[i].sqlName, typ: t, blank: l[i].blank || r[i].blank, litLen: max(l[i].litLen, r[i].litLen),
			notNull: l[i].notNull && r[i].notNull}
		if t.Kind != KUnknown {
			if l[i].typ != t {
				out.l.coerce(i, t)
			}
			if r[i].typ != t {
				out.r.coerce(i, t)
			}
		}
	}
	for i := range out.cols {
		if !s.All && out.cols[i].blank && out.cols[i].typ.IsText() {
			out.trim(i)
		}
	}
	return out
}
