package sql

import "strings"

// conditionalFunctions choose among their arguments; all bring them to a common type.
func conditionalFunctions() []function {
	return []function{
		special("coalesce nvl", func(c *compiler, e *Call) value { return c.common(e, "coalesce", 1) }),
		special("greatest", func(c *compiler, e *Call) value { return c.common(e, "greatest", 1) }),
		special("least", func(c *compiler, e *Call) value { return c.common(e, "least", 1) }),
		special("isnull", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			return c.common(e, "coalesce", 2)
		}),
		special("nullif", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			a, b := c.expr(e.Args[0]), c.expr(e.Args[1])
			out := c.settle(a)
			if a.typ.Kind == KUnknown && b.typ.Kind != KUnknown {
				out = c.castTo(a, b.typ)
			}
			cmp := c.compare("=", a, b, e.Pos())
			return value{sql: "CASE WHEN " + cmp.sql + " THEN NULL ELSE " + out.sql + " END", typ: out.typ, blank: out.blank}
		}),
		special("nvl2", func(c *compiler, e *Call) value {
			c.arity(e, 3, 3)
			x, a, b := c.settle(c.expr(e.Args[0])), c.expr(e.Args[1]), c.expr(e.Args[2])
			t, vals := c.unify("NVL2", a, b)
			return value{sql: "CASE WHEN " + x.sql + " IS NOT NULL THEN " + vals[0].sql + " ELSE " + vals[1].sql + " END", typ: t, blank: vals[0].blank || vals[1].blank}
		}),
		special("decode", func(c *compiler, e *Call) value {
			if len(e.Args) < 3 {
				c.noFunction(e, c.exprs(e.Args))
			}
			vals := c.exprs(e.Args)
			var results []value
			for i := 2; i < len(vals); i += 2 {
				results = append(results, vals[i])
			}
			hasDefault := len(vals)%2 == 0
			if hasDefault {
				results = append(results, vals[len(vals)-1])
			}
			t, results := c.unify("DECODE", results...)
			var b strings.Builder
			b.WriteString("CASE")
			blank := false
			for i := 1; i+1 < len(vals); i += 2 {
				cond := ""
				if l := vals[i].lit; l != nil && l.Kind == LitNull {
					cond = "(" + c.settle(vals[0]).sql + " IS NULL)"
				} else {
					cmp := c.compare("IS NOT DISTINCT FROM", vals[0], vals[i], vals[i].pos)
					cond = cmp.sql
					if l != nil {
						cond = "(" + cmp.left + " = " + cmp.right + ")"
					}
				}
				r := results[i/2]
				blank = blank || r.blank
				b.WriteString(" WHEN " + cond + " THEN " + r.sql)
			}
			if hasDefault {
				b.WriteString(" ELSE " + results[len(results)-1].sql)
			}
			b.WriteString(" END")
			return value{sql: b.String(), typ: t, blank: blank}
		}),
	}
}

// unify brings values to their common type.
func (c *compiler) unify(what string, vals ...value) (Type, []value) {
	t := Unknown
	for _, v := range vals {
		u, ok := commonType(t, v.typ)
		if !ok {
			panic(errAt(v.pos, CodeTypeMismatch, "%s types %s and %s cannot be matched", what, t.BaseName(), v.typ.BaseName()))
		}
		t = u
	}
	if t.Kind == KUnknown {
		t = c.unknownText(vals)
	}
	out := make([]value, len(vals))
	for i, v := range vals {
		out[i] = c.castTo(v, t)
	}
	return t, out
}

func (c *compiler) common(e *Call, engine string, least int) value {
	if len(e.Args) < least {
		c.noFunction(e, nil)
	}
	t, vals := c.unify(upper(e.Name.Last()), c.exprs(e.Args)...)
	var parts []string
	blank := false
	for _, v := range vals {
		parts = append(parts, v.sql)
		blank = blank || v.blank
	}
	return value{sql: engine + "(" + strings.Join(parts, ", ") + ")", typ: t, blank: blank}
}
