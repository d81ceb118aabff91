package sql

import "strings"

func (p *parser) copyStmt() Statement {
	p.expect("copy")
	s := &CopyStmt{Table: p.qname()}
	if p.isOp("(") {
		s.Columns = parens(p, p.label)
	}
	p.expect("from")
	s.FromPos = p.here()
	s.From = p.str()
	for p.tok().kind == tokWord {
		if !p.copyAuth(&s.Auth) && !p.copyFormat(s) {
			s.Options = append(s.Options, p.copyOption(copyOptions))
		}
	}
	return s
}

// copyAuth takes one authorization clause, false if none starts here.
func (p *parser) copyAuth(a *CopyAuth) bool {
	pos := p.here()
	switch {
	case p.accept("iam_role"):
		if p.accept("default") {
			a.IAMRole = "default"
		} else {
			a.IAMRole = p.str()
		}
	case p.accept("access_key_id"):
		p.accept("as")
		a.AccessKeyID = p.str()
	case p.accept("secret_access_key"):
		p.accept("as")
		a.SecretAccessKey = p.str()
	case p.accept("session_token"), p.accept("token"):
		p.accept("as")
		a.SessionToken = p.str()
	case p.accept("master_symmetric_key"):
		p.accept("as")
		a.MasterKey = p.str()
	case p.accept("with", "credentials"), p.accept("credentials"):
		p.accept("as")
		at := p.here()
		for part := range strings.SplitSeq(p.str(), ";") {
			k, v, ok := strings.Cut(strings.TrimSpace(part), "=")
			switch {
			case !ok && k == "":
			case k == "aws_iam_role":
				a.IAMRole = v
			case k == "aws_access_key_id":
				a.AccessKeyID = v
			case k == "aws_secret_access_key":
				a.SecretAccessKey = v
			case k == "token":
				a.SessionToken = v
			case k == "master_symmetric_key":
				a.MasterKey = v
			default:
				panic(errAt(at, CodeSyntax, "Invalid credentials: unknown key \"%s\"", k).hint("expected aws_iam_role, aws_access_key_id, aws_secret_access_key, token or master_symmetric_key"))
			}
		}
	default:
		return false
	}
	if a.Pos == 0 {
		a.Pos = pos
	}
	return true
}

var copyFormats = wordSet(`csv parquet orc json avro fixedwidth shapefile iceberg`)

// copyFormat takes [FORMAT] [AS] format, false if none starts here.
func (p *parser) copyFormat(s *CopyStmt) bool {
	named := p.accept("format")
	if named {
		p.accept("as")
	}
	t := p.tok()
	if t.kind != tokWord || !copyFormats[t.text] {
		if named {
			p.failHint("expected a format: CSV, PARQUET, JSON, ORC, AVRO, FIXEDWIDTH")
		}
		return false
	}
	if s.Format != "" {
		p.failHint("a format was given already")
	}
	p.pos++
	s.Format = t.text
	switch t.text {
	case "csv":
		if p.is("quote") {
			s.Options = append(s.Options, p.copyOption(copyOptions))
		}
	case "json", "avro", "fixedwidth":
		p.accept("as")
		if p.tok().kind == tokString {
			s.FormatArg = p.str()
		} else if t.text == "fixedwidth" {
			p.str()
		}
	}
	return true
}

// optionArg says what follows a COPY or UNLOAD option's name.
type optionArg uint8

const (
	argNone     optionArg = iota
	argString             // [AS] 'text'
	argNumber             // [AS] n
	argMaybeStr           // ['text']
	argSwitch             // [ON|OFF|TRUE|FALSE|PRESET]
	argSize               // n [MB|GB]
)

var copyOptions = map[string]optionArg{
	"delimiter": argString, "quote": argString, "null": argString, "dateformat": argString, "timeformat": argString,
	"encoding": argString, "region": argString, "ignoreheader": argNumber, "maxerror": argNumber, "comprows": argNumber,
	"readratio": argNumber, "acceptinvchars": argMaybeStr, "compupdate": argSwitch, "statupdate": argSwitch,
	"gzip": argNone, "bzip2": argNone, "lzop": argNone, "zstd": argNone, "manifest": argNone, "encrypted": argNone,
	"removequotes": argNone, "escape": argNone, "acceptanydate": argNone, "blanksasnull": argNone, "emptyasnull": argNone,
	"explicit_ids": argNone, "fillrecord": argNone, "ignoreblanklines": argNone, "ignoreallerrors": argNone, "noload": argNone,
	"roundec": argNone, "trimblanks": argNone, "truncatecolumns": argNone, "serializetojson": argNone,
}

var unloadOptions = map[string]optionArg{
	"delimiter": argString, "null": argString, "region": argString, "extension": argString, "kms_key_id": argString,
	"header": argNone, "manifest": argNone, "verbose": argNone, "fixedwidth": argString, "encrypted": argNone, "auto": argNone,
	"bzip2": argNone, "gzip": argNone, "zstd": argNone, "addquotes": argNone, "escape": argNone, "allowoverwrite": argNone,
	"cleanpath": argNone, "parallel": argSwitch, "maxfilesize": argSize, "rowgroupsize": argSize,
}

func (p *parser) copyOption(known map[string]optionArg) CopyOption {
	t := p.tok()
	arg, ok := known[t.text]
	if !ok || t.kind != tokWord {
		p.fail()
	}
	p.pos++
	o := CopyOption{Name: upper(t.text), Pos: t.start}
	switch arg {
	case argString:
		p.accept("as")
		tok := p.tok()
		if tok.kind == tokWord && t.text == "encoding" {
			p.pos++
			o.Value = upper(tok.text)
		} else {
			o.Value = p.str()
			if t.text == "null" { // '\N' is two characters here, not an escape
				o.Value = nullString(tok.raw)
			}
		}
		o.HasValue = true
	case argNumber:
		p.accept("as")
		at := p.here()
		o.Value = strings.TrimSpace(p.text[at:p.tok().end])
		p.integer()
		o.HasValue = true
	case argMaybeStr:
		p.accept("as")
		if p.tok().kind == tokString {
			o.Value, o.HasValue = p.str(), true
		}
	case argSwitch:
		if w := p.acceptAny("on", "off", "true", "false", "preset"); w != "" {
			o.Value, o.HasValue = upper(w), true
		}
	case argSize:
		p.accept("as")
		if p.tok().kind != tokNumber {
			p.failHint("expected a number")
		}
		o.Value, o.HasValue = p.take().text, true
		if w := p.acceptAny("mb", "gb"); w != "" {
			o.Value += " " + upper(w)
		}
	}
	return o
}

// nullString reads NULL AS: \N stays, \0 and \000 are NUL, a doubled backslash is one.
func nullString(raw string) string {
	switch raw {
	case `\0`, `\000`, `\\0`:
		return "\x00"
	}
	return strings.ReplaceAll(strings.ReplaceAll(raw, `\\`, `\`), `\'`, `'`)
}

func (p *parser) unloadStmt() Statement {
	p.expect("unload")
	p.expectOp("(")
	s := &UnloadStmt{}
	queryTok := p.tok()
	s.QueryText = p.str()
	p.expectOp(")")
	stmts, err := ParseWith(s.QueryText, p.opt)
	if err != nil {
		e := asError(err)
		// Positions inside the string can't be mapped through its escapes: blame the string, keep the text.
		panic(&Error{Code: e.Code, Message: e.Message, Hint: e.Hint, Pos: queryTok.start})
	}
	sel, ok := Statement(nil), false
	if len(stmts) == 1 {
		sel = stmts[0]
	}
	if s.Query, ok = sel.(*SelectStmt); !ok || s.Query.Into != nil {
		panic(errAt(queryTok.start, CodeSyntax, "UNLOAD needs one SELECT query"))
	}
	p.expect("to")
	s.To = p.str()
	for p.tok().kind == tokWord {
		if p.copyAuth(&s.Auth) {
			continue
		}
		switch {
		case p.accept("format"):
			p.accept("as")
			s.Format = p.expectAny("csv", "parquet", "json")
		case p.is("csv") || p.is("parquet") || p.is("json"):
			s.Format = p.take().text
		case p.accept("partition", "by"):
			s.PartitionBy = parens(p, p.label)
			s.Include = p.accept("include")
		default:
			s.Options = append(s.Options, p.copyOption(unloadOptions))
		}
	}
	return s
}
