package sql

import "strings"

// stringFunctions are section "String functions" of Redshift's manual. Positions count characters.
func stringFunctions() []function {
	return []function{
		fn("len length char_length character_length textlen",
			ov(args(cText), is(Int4), "CAST(length($1) AS INTEGER)"),
			ov(args(cVarbyte), is(Int4), "CAST(octet_length($1) AS INTEGER)")),
		fn("octet_length",
			ov(args(cText), is(Int4), "CAST(strlen($1) AS INTEGER)"),
			ov(args(cVarbyte), is(Int4), "CAST(octet_length($1) AS INTEGER)")),
		fn("upper", overload{args: args(cText), result: textOf(1), sql: "upper($1)", keeps: true}),
		fn("lower", overload{args: args(cText), result: textOf(1), sql: "lower($1)", keeps: true}),
		fn("initcap", overload{args: args(cText), result: textOf(1), sql: "rs_initcap($1)", keeps: true}),
		fn("left", overload{args: args(cText, cInt8), result: textOf(1), sql: "rs_left($1, $2)", blank: true}),
		fn("right", overload{args: args(cText, cInt8), result: textOf(1), sql: "rs_right($1, $2)", blank: true}),
		fn("substring substr",
			overload{args: args(cText, cInt8), result: textOf(1), sql: "rs_substring($1, $2)", blank: true},
			overload{args: args(cText, cInt8, cInt8), result: textOf(1), sql: "rs_substring($1, $2, $3)", blank: true},
			overload{args: args(cVarbyte, cInt8), result: same(1), sql: "rs_subbytes($1, $2, 2147483647)"},
			overload{args: args(cVarbyte, cInt8, cInt8), result: same(1), sql: "rs_subbytes($1, $2, $3)"}),
		fn("position", ov(args(cText, cText), is(Int4), "CAST(strpos($2, $1) AS INTEGER)")),
		fn("strpos", ov(args(cText, cText), is(Int4), "CAST(strpos($1, $2) AS INTEGER)")),
		fn("charindex", ov(args(cText, cText), is(Int4), "CAST(strpos($2, $1) AS INTEGER)")),
		fn("replace", overload{args: args(cText, cText, cText), result: anyText, sql: "replace($1, $2, $3)", blank: true}),
		fn("translate", overload{args: args(cText, cText, cText), result: textOf(1), sql: "translate($1, $2, $3)", blank: true}),
		fn("reverse", overload{args: args(cText), result: textOf(1), sql: "reverse($1)", blank: true}),
		fn("repeat replicate", overload{args: args(cText, cInt8), result: anyText, sql: "repeat($1, $2)", blank: true}),
		fn("ascii", ov(args(cText), is(Int4), "ascii($1)")),
		fn("chr", ov(args(cInt4), is(Varchar(4)), "chr($1)")),
		fn("lpad",
			overload{args: args(cText, cInt4), result: anyText, sql: "lpad($1, greatest($2, 0), ' ')", blank: true},
			overload{args: args(cText, cInt4, cText), result: anyText, sql: "rs_lpad($1, $2, $3)", blank: true}),
		fn("rpad",
			overload{args: args(cText, cInt4), result: anyText, sql: "rpad($1, greatest($2, 0), ' ')", blank: true},
			overload{args: args(cText, cInt4, cText), result: anyText, sql: "rs_rpad($1, $2, $3)", blank: true}),
		fn("ltrim",
			overload{args: args(cText), result: textOf(1), sql: "ltrim($1, ' ')", blank: true},
			overload{args: args(cText, cText), result: textOf(1), sql: "ltrim($1, $2)", blank: true}),
		fn("rtrim",
			overload{args: args(cText), result: textOf(1), sql: "rtrim($1, ' ')"},
			overload{args: args(cText, cText), result: textOf(1), sql: "rtrim($1, $2)", blank: true}),
		fn("btrim trim",
			overload{args: args(cText), result: textOf(1), sql: "trim($1, ' ')"},
			overload{args: args(cText, cText), result: textOf(1), sql: "trim($1, $2)", blank: true}),
		special("concat", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			return c.concat(c.expr(e.Args[0]), c.expr(e.Args[1]), e.Pos())
		}),
		fn("split_part", overload{args: args(cText, cText, cInt8), result: textOf(1), sql: "rs_split_part($1, $2, $3)", blank: true}),
		fn("soundex", ov(args(cText), is(Varchar(4)), "rs_soundex($1)")),
		fn("quote_ident", ov(args(cText), anyText, "rs_quote_ident($1)")),
		fn("quote_literal", ov(args(cText), anyText, "rs_quote_literal($1)")),
		special("collate", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			v := c.asText(c.expr(e.Args[0]))
			name, _ := constant(c.expr(e.Args[1]))
			switch foldASCII(name) {
			case "case_insensitive", "ci":
				v.sql = "(" + v.sql + " COLLATE NOCASE)"
			case "case_sensitive", "cs":
			default:
				panic(errAt(e.Args[1].Pos(), CodeInvalidParameter, "invalid collation \"%s\"", name).hint("case_sensitive or case_insensitive"))
			}
			v.lit = nil
			return v
		}),
		fn("to_hex",
			ov(args(cInt8), anyText, "lower(to_hex($1))"),
			ov(args(cVarbyte), anyText, "lower(to_hex($1))")),
		fn("from_hex", ov(args(cText), is(Varbyte(64000)), "from_hex($1)")),
		special("to_varbyte", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			v := c.asText(c.expr(e.Args[0]))
			return value{sql: strings.ReplaceAll(varbyteFormat(c, e, "to"), "$1", v.sql), typ: Varbyte(64000)}
		}),
		special("from_varbyte", func(c *compiler, e *Call) value {
			c.arity(e, 2, 2)
			v := c.pass(c.expr(e.Args[0]), cVarbyte)
			return value{sql: strings.ReplaceAll(varbyteFormat(c, e, "from"), "$1", v.sql), typ: Varchar(MaxVarchar), blank: true}
		}),
	}
}

func varbyteFormat(c *compiler, e *Call, direction string) string {
	name, _ := constant(c.expr(e.Args[1]))
	switch direction + " " + foldASCII(name) {
	case "to hex":
		return "from_hex($1)"
	case "to utf8", "to utf-8":
		return "encode($1)"
	case "to base64":
		return "from_base64($1)"
	case "from hex":
		return "lower(to_hex($1))"
	case "from utf8", "from utf-8":
		return "decode($1)"
	case "from base64":
		return "to_base64($1)"
	}
	panic(errAt(e.Args[1].Pos(), CodeInvalidParameter, "invalid format \"%s\"", name).hint("hex, utf8 or base64"))
}

// regexFunctions use POSIX patterns; the engine's RE2 takes the same but for look-around.
func regexFunctions() []function {
	return []function{
		special("regexp_replace", regexpReplace),
		special("regexp_substr", regexpSubstr),
		special("regexp_count", func(c *compiler, e *Call) value {
			c.arity(e, 2, 4)
			s, p := c.asText(c.expr(e.Args[0])), c.asText(c.expr(e.Args[1]))
			if len(e.Args) > 2 {
				s.sql = "rs_substring(" + s.sql + ", " + c.implicit(c.expr(e.Args[2]), Int8).sql + ")"
			}
			opts, _ := regexFlags(c, e, 3)
			return value{sql: "CAST(len(regexp_extract_all(" + s.sql + ", " + p.sql + ", 0" + opts + ")) AS INTEGER)", typ: Int4}
		}),
		special("regexp_instr", func(c *compiler, e *Call) value {
			c.arity(e, 2, 6)
			vals := []string{c.asText(c.expr(e.Args[0])).sql, c.asText(c.expr(e.Args[1])).sql, "1", "1", "0", "''"}
			for i := 2; i < len(e.Args); i++ {
				if i == 5 {
					vals[i] = c.asText(c.expr(e.Args[i])).sql
				} else {
					vals[i] = c.implicit(c.expr(e.Args[i]), Int8).sql
				}
			}
			return value{sql: "CAST(rs_regexp_instr(" + strings.Join(vals, ", ") + ") AS INTEGER)", typ: Int4}
		}),
	}
}

// regexFlags reads the flags argument at index i: the engine's option argument, and whether the first group is wanted.
func regexFlags(c *compiler, e *Call, i int) (opts string, group bool) {
	if i >= len(e.Args) {
		return "", false
	}
	text, ok := constant(c.expr(e.Args[i]))
	if !ok {
		panic(errAt(e.Args[i].Pos(), CodeNotSupported, "the flags of %s must be a constant", e.Name.Last()))
	}
	insensitive := false
	for _, r := range text {
		switch r {
		case 'i':
			insensitive = true
		case 'c':
			insensitive = false
		case 'e':
			group = true
		case 'p':
		default:
			panic(errAt(e.Args[i].Pos(), CodeInvalidParameter, "invalid regular expression flag \"%c\"", r))
		}
	}
	if insensitive {
		opts = ", 'i'"
	}
	return opts, group
}

// groupRefs turns $1 of a replacement into the engine's \1.
func groupRefs(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '$' && i+1 < len(s) && isDigit(s[i+1]):
			b.WriteByte('\\')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}

func regexpReplace(c *compiler, e *Call) value {
	c.arity(e, 2, 5)
	s, p := c.asText(c.expr(e.Args[0])), c.asText(c.expr(e.Args[1]))
	repl := "''"
	if len(e.Args) > 2 {
		r := c.asText(c.expr(e.Args[2]))
		repl = "regexp_replace(" + r.sql + ", '\\$(\\d)', '\\\\\\1', 'g')"
		if text, ok := constant(r); ok {
			repl = quoteText(groupRefs(text))
		}
	}
	opts, _ := regexFlags(c, e, 4)
	flags := "'g'"
	if opts != "" {
		flags = "'gi'"
	}
	pos := ""
	if len(e.Args) > 3 {
		v := c.implicit(c.expr(e.Args[3]), Int8)
		if text, ok := constant(v); !ok || text != "1" {
			pos = v.sql
		}
	}
	if pos != "" {
		return value{sql: "(left(" + s.sql + ", " + pos + " - 1) || regexp_replace(rs_substring(" + s.sql + ", " + pos + "), " + p.sql + ", " + repl + ", " + flags + "))",
			typ: Varchar(MaxVarchar), blank: true}
	}
	return value{sql: "regexp_replace(" + s.sql + ", " + p.sql + ", " + repl + ", " + flags + ")", typ: Varchar(MaxVarchar), blank: true}
}

func regexpSubstr(c *compiler, e *Call) value {
	c.arity(e, 2, 5)
	s, p := c.asText(c.expr(e.Args[0])), c.asText(c.expr(e.Args[1]))
	t := textOf(1)([]value{s})
	if len(e.Args) > 2 {
		v := c.implicit(c.expr(e.Args[2]), Int8)
		if text, ok := constant(v); !ok || text != "1" {
			s.sql = "rs_substring(" + s.sql + ", " + v.sql + ")"
		}
	}
	opts, group := regexFlags(c, e, 4)
	g := "0"
	if group {
		g = "1"
	}
	if len(e.Args) > 3 {
		n := c.implicit(c.expr(e.Args[3]), Int8)
		if text, ok := constant(n); !ok || text != "1" {
			return value{sql: "CASE WHEN " + s.sql + " IS NOT NULL THEN coalesce(regexp_extract_all(" + s.sql + ", " + p.sql + ", " + g + opts + ")[" + n.sql + "], '') END", typ: t, blank: true}
		}
	}
	return value{sql: "regexp_extract(" + s.sql + ", " + p.sql + ", " + g + opts + ")", typ: t, blank: true}
}

// hashFunctions give digests as hexadecimal text.
func hashFunctions() []function {
	return []function{
		fn("md5", ov(args(cText), is(Varchar(32)), "md5($1)")),
		fn("sha sha1 func_sha1", ov(args(cText), is(Varchar(40)), "sha1($1)")),
		fn("sha2", ov(args(cText, cInt4), is(Varchar(128)), "rs_sha2($1, $2)")),
		fn("crc32", ov(args(cText), is(Varchar(8)), "rs_crc32($1)")),
		fn("strtol", ov(args(cText, cInt4), is(Int8), "rs_strtol($1, $2)")),
		special("fnv_hash", func(c *compiler, e *Call) value {
			c.arity(e, 1, 1)
			v := c.expr(e.Args[0])
			if n := map[Kind]int{KInt2: 2, KInt4: 4, KInt8: 8}[v.typ.Kind]; n > 0 {
				return value{sql: "rs_fnv_hash_int(" + c.castTo(v, Int8).sql + ", " + itoa(n) + ")", typ: Int8}
			}
			return value{sql: "rs_fnv_hash(" + c.asText(v).sql + ")", typ: Int8}
		}),
	}
}
