package wire

import (
	"context"
	"errors"
	"io"

	"github.com/jackc/pgx/v5/pgproto3"
)

type statement struct {
	prepared Statement
}

type portal struct {
	statement *statement
	args      []any
	formats   []int16
	result    Result // nil until it runs
	ended     bool
	tag       string
}

func (c *conn) parse(ctx context.Context, m *pgproto3.Parse) error {
	if m.Name != "" && c.statements[m.Name] != nil {
		return Errorf("42P05", "prepared statement %q already exists", m.Name)
	}
	var prepared Statement
	err := c.running(ctx, func(ctx context.Context) (err error) {
		prepared, err = c.sess.Prepare(ctx, m.Query, m.ParameterOIDs)
		return err
	})
	if err != nil {
		return err
	}
	if old := c.statements[m.Name]; old != nil {
		old.prepared.Close()
	}
	c.statements[m.Name] = &statement{prepared}
	c.be.Send(&pgproto3.ParseComplete{})
	return nil
}

func (c *conn) bind(ctx context.Context, m *pgproto3.Bind) error {
	s := c.statements[m.PreparedStatement]
	if s == nil {
		return Errorf("26000", "prepared statement %q does not exist", m.PreparedStatement)
	}
	if m.DestinationPortal != "" && c.portals[m.DestinationPortal] != nil {
		return Errorf("42P03", "portal %q already exists", m.DestinationPortal)
	}
	oids := s.prepared.Params()
	if len(m.Parameters) != len(oids) {
		return Errorf("08P01", "bind message supplies %d parameters, but prepared statement %q requires %d",
			len(m.Parameters), m.PreparedStatement, len(oids))
	}
	if n := len(m.ParameterFormatCodes); n > 1 && n != len(m.Parameters) {
		return Errorf("08P01", "bind message has %d parameter formats but %d parameters", n, len(m.Parameters))
	}
	columns := s.prepared.Columns()
	if n := len(m.ResultFormatCodes); n > 1 && n != len(columns) {
		return Errorf("08P01", "bind message has %d result formats but query has %d columns", n, len(columns))
	}
	for _, f := range append(m.ParameterFormatCodes, m.ResultFormatCodes...) {
		if f != pgproto3.TextFormat && f != pgproto3.BinaryFormat {
			return Errorf("08P01", "unsupported format code: %d", f)
		}
	}
	p := &portal{statement: s, formats: m.ResultFormatCodes, args: make([]any, len(oids))}
	for i, b := range m.Parameters {
		v, err := decodeArg(oids[i], format(m.ParameterFormatCodes, i), b)
		if err != nil {
			return err
		}
		p.args[i] = v
	}
	c.drop(m.DestinationPortal)
	c.portals[m.DestinationPortal] = p
	c.be.Send(&pgproto3.BindComplete{})
	return nil
}

func (c *conn) describe(m *pgproto3.Describe) error {
	var columns []Column
	var formats []int16
	if m.ObjectType == 'S' {
		s := c.statements[m.Name]
		if s == nil {
			return Errorf("26000", "prepared statement %q does not exist", m.Name)
		}
		c.be.Send(&pgproto3.ParameterDescription{ParameterOIDs: s.prepared.Params()})
		columns = s.prepared.Columns()
	} else {
		p := c.portals[m.Name]
		if p == nil {
			return Errorf("34000", "portal %q does not exist", m.Name)
		}
		columns, formats = p.statement.prepared.Columns(), p.formats
	}
	if columns == nil {
		c.be.Send(&pgproto3.NoData{})
	} else {
		c.be.Send(&rowDescription{columns: columns, formats: formats, protocol: c.protocol})
	}
	return nil
}

func (c *conn) execute(ctx context.Context, m *pgproto3.Execute) error {
	p := c.portals[m.Portal]
	if p == nil {
		return Errorf("34000", "portal %q does not exist", m.Portal)
	}
	err := c.running(ctx, func(ctx context.Context) error {
		if p.result == nil {
			if err := c.buffer(ctx); err != nil {
				return err
			}
			r, err := p.statement.prepared.Run(ctx, p.args)
			if err != nil {
				return err
			}
			p.result = r
		}
		if p.ended {
			return nil
		}
		ended, err := c.rows(ctx, p.result, p.formats, int(m.MaxRows))
		if err != nil {
			return err
		}
		if ended {
			p.ended, p.tag = true, p.result.Tag()
			return p.result.Close()
		}
		return nil
	})
	switch {
	case err != nil:
		c.drop(m.Portal)
		return err
	case !p.ended:
		c.be.Send(&pgproto3.PortalSuspended{})
	case p.tag == "":
		c.be.Send(&pgproto3.EmptyQueryResponse{})
	default:
		c.be.Send(&pgproto3.CommandComplete{CommandTag: []byte(p.tag)})
	}
	return nil
}

// buffer reads the rest of suspended portals into memory: a session reads one result at a time.
func (c *conn) buffer(ctx context.Context) error {
	for name, p := range c.portals {
		if p.result == nil || p.ended {
			continue
		}
		if _, done := p.result.(*buffered); done {
			continue
		}
		b := &buffered{columns: p.result.Columns()}
		for {
			row, err := p.result.Next(ctx)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				c.drop(name)
				return err
			}
			b.rows = append(b.rows, append([]any(nil), row...))
		}
		b.tag = p.result.Tag()
		if err := p.result.Close(); err != nil {
			return err
		}
		p.result = b
	}
	return nil
}

func (c *conn) close(m *pgproto3.Close) {
	if m.ObjectType == 'S' {
		if s := c.statements[m.Name]; s != nil {
			s.prepared.Close()
			delete(c.statements, m.Name)
		}
	} else {
		c.drop(m.Name)
	}
	c.be.Send(&pgproto3.CloseComplete{})
}

func (c *conn) drop(portal string) {
	if p := c.portals[portal]; p != nil {
		if p.result != nil && !p.ended {
			p.result.Close()
		}
		delete(c.portals, portal)
	}
}

func (c *conn) closePortals() {
	for name := range c.portals {
		c.drop(name)
	}
}

func (c *conn) closeAll() {
	c.closePortals()
	for name, s := range c.statements {
		s.prepared.Close()
		delete(c.statements, name)
	}
}

// buffered is the rest of a result in memory.
type buffered struct {
	columns []Column
	rows    [][]any
	tag     string
}

// NewResult is a result whose rows are known.
func NewResult(columns []Column, rows [][]any, tag string) Result {
	return &buffered{columns, rows, tag}
}

func (b *buffered) Columns() []Column { return b.columns }
func (b *buffered) Tag() string       { return b.tag }
func (b *buffered) Close() error      { return nil }
func (b *buffered) Next(context.Context) ([]any, error) {
	if len(b.rows) == 0 {
		return nil, io.EOF
	}
	row := b.rows[0]
	b.rows = b.rows[1:]
	return row, nil
}
