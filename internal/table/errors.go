package table

import (
	"errors"
	"strconv"
	"strings"

	"tarn/internal/engine"
)

// Error says what is wrong with a table or one of its files, and where.
type Error struct {
	Table       string // db.table
	Bucket, Key string // the object, if one is to blame
	Line        int64  // from 1; 0 = not known
	Column      string
	Value       string
	Row         string // the line as it stands in the file
	Message     string // what is wrong, without the place
	Hint        string
	Err         error
}

// Object is the object's address, or "".
func (e *Error) Object() string {
	if e.Key == "" {
		return ""
	}
	return "s3://" + e.Bucket + "/" + e.Key
}

func (e *Error) Error() string {
	var b strings.Builder
	if e.Table != "" {
		b.WriteString(e.Table + ": ")
	}
	if e.Column != "" {
		b.WriteString("column " + e.Column + ": ")
	}
	b.WriteString(e.Message)
	if o := e.Object(); o != "" {
		b.WriteString(" in " + o)
		if e.Line > 0 {
			b.WriteString(", line " + thousands(e.Line))
		}
		if e.Row != "" {
			b.WriteString(": " + e.Row)
		}
	}
	if e.Hint != "" {
		b.WriteString(" (" + e.Hint + ")")
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// thousands writes 18204 as 18,204.
func thousands(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// Explain replaces the engine's words about a linked file by the object's
// address, line, column and value. Any other error comes back unchanged.
//
// The engine's messages are prose, and the place that they give is where one
// of several threads was: what is wrong is believed, where it is is looked up
// in the files.
func (s *Scan) Explain(err error) error {
	var failed *engine.Error
	if err == nil || !errors.As(err, &failed) {
		return err
	}
	var known *Error
	if errors.As(err, &known) {
		return err
	}
	for _, find := range []func(*engine.Error) *Error{s.explainCSV, s.explainJSON, s.explainParquet, s.explainNamed} {
		if out := find(failed); out != nil {
			out.Table, out.Err = s.Table, err
			return out
		}
	}
	return err
}

// explainNamed answers for whatever else names one of our files.
func (s *Scan) explainNamed(failed *engine.Error) *Error {
	f := s.named(failed.Message)
	if f == nil {
		return nil
	}
	what, _, _ := strings.Cut(strings.ReplaceAll(failed.Message, f.Path, f.object()), "\n")
	return &Error{Bucket: f.Bucket, Key: f.Key, Message: what}
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

func article(noun string) string {
	if strings.ContainsRune("aeiou", rune(noun[0])) {
		return "an " + noun
	}
	return "a " + noun
}
