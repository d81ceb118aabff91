package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"

	"tarn/internal/pipeline"
)

func sqlCommand() *cobra.Command {
	var f projectFlags
	var file, format string
	c := &cobra.Command{
		Use: "sql [QUERY]", Short: "Ask the lake and the warehouse in Redshift's SQL", Args: cobra.MaximumNArgs(1),
		Example: `  tarn sql "select carrier, avg(arr_delay) from delays group by 1 order by 2 desc"
  tarn sql "select count(*) from raw.flights"
  tarn sql -f report.sql --format csv > report.csv`,
		RunE: func(cmd *cobra.Command, args []string) error {
			query := ""
			switch {
			case len(args) == 1 && file == "":
				query = args[0]
			case file != "" && len(args) == 0:
				b, err := os.ReadFile(file)
				if err != nil {
					return err
				}
				query = string(b)
			case len(args) == 0 && !isTerminal(os.Stdin):
				b, err := io.ReadAll(cmd.InOrStdin())
				if err != nil {
					return err
				}
				query = string(b)
			default:
				return fmt.Errorf("give a query, or -f FILE, or one on standard input\n  tarn sql \"select 1\"      For a prompt:  eval \"$(tarn env)\" && psql")
			}
			if f.json {
				format = "json"
			}
			out, err := rowWriter(cmd.OutOrStdout(), format)
			if err != nil {
				return err
			}
			project := ""
			var env pipeline.Environ
			if p, err := f.project(); err == nil {
				project, env = p.Name, p.Environ
			} else if _, statErr := os.Stat(filepath.Join(f.dir, "tarn.yaml")); statErr == nil {
				fmt.Fprintln(cmd.ErrOrStderr(), "tarn.yaml can't be read, so names are not those of the project.   tarn plan says what is wrong")
			}
			t, err := f.connect(cmd.Context(), env)
			if err != nil {
				return exitFor(err)
			}
			tag, err := t.Rows(cmd.Context(), pipeline.RawNames(query, project), project, out.head, out.row)
			if err != nil {
				return exitFor(err)
			}
			return out.end(tag)
		},
	}
	f.register(c)
	c.Flags().StringVarP(&file, "file", "f", "", "read the query from a file")
	c.Flags().StringVar(&format, "format", "table", "table, csv or json")
	return c
}

// rows prints an answer: its columns, its rows, and the end, where a statement
// that returns no rows says what it did.
type rows interface {
	head(columns []string) error
	row([]any) error
	end(tag string) error
}

func rowWriter(w io.Writer, format string) (rows, error) {
	switch format {
	case "table":
		return &tableRows{w: w}, nil
	case "csv":
		return &csvRows{csv.NewWriter(w)}, nil
	case "json":
		return &jsonRows{w: bufio.NewWriter(w)}, nil
	}
	return nil, fmt.Errorf("unknown format %q; one of table, csv, json", format)
}

type csvRows struct{ w *csv.Writer }

func (c *csvRows) head(columns []string) error { return c.w.Write(columns) }

func (c *csvRows) row(row []any) error {
	rec := make([]string, len(row))
	for i, v := range row {
		rec[i] = cell(v)
	}
	return c.w.Write(rec)
}

func (c *csvRows) end(string) error {
	c.w.Flush()
	return c.w.Error()
}

// jsonRows prints an object a line, its members in the order of the columns.
type jsonRows struct {
	w    *bufio.Writer
	keys [][]byte
}

func (j *jsonRows) head(columns []string) error {
	seen := map[string]int{}
	for _, c := range columns {
		if seen[c]++; seen[c] > 1 { // an object has each key once
			c = fmt.Sprintf("%s_%d", c, seen[c])
		}
		key, err := json.Marshal(c)
		if err != nil {
			return err
		}
		j.keys = append(j.keys, append(key, ':'))
	}
	return nil
}

func (j *jsonRows) row(row []any) error {
	for i, v := range row {
		b, err := json.Marshal(v)
		if err != nil {
			return err
		}
		j.w.WriteByte("{,"[min(i, 1)])
		j.w.Write(j.keys[i])
		j.w.Write(b)
	}
	_, err := j.w.WriteString("}\n")
	return err
}

func (j *jsonRows) end(string) error { return j.w.Flush() }

// cell is a value as text; NULL is empty.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		if a := math.Abs(v); a >= 1e15 || a < 1e-4 && a > 0 {
			return strconv.FormatFloat(v, 'g', -1, 64)
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// tableRows prints columns under each other, so it waits for all rows.
type tableRows struct {
	w       io.Writer
	columns []string
	rows    [][]any
}

func (t *tableRows) head(columns []string) error {
	t.columns = columns
	return nil
}

func (t *tableRows) row(row []any) error {
	t.rows = append(t.rows, row)
	return nil
}

func (t *tableRows) end(tag string) error {
	w := bufio.NewWriter(t.w)
	if len(t.columns) == 0 {
		fmt.Fprintln(w, tag)
		return w.Flush()
	}
	width := make([]int, len(t.columns))
	text := make([][]string, len(t.rows))
	number := make([]bool, len(t.columns))
	for i, c := range t.columns {
		width[i] = utf8.RuneCountInString(c)
		number[i] = len(t.rows) > 0
	}
	for i, row := range t.rows {
		text[i] = make([]string, len(row))
		for j, v := range row {
			text[i][j] = cell(v)
			switch v.(type) {
			case nil, int64, float64:
			default:
				number[j] = false
			}
			width[j] = max(width[j], utf8.RuneCountInString(text[i][j]))
		}
	}
	pad := func(s string, n int, right bool) string {
		space := strings.Repeat(" ", max(n-utf8.RuneCountInString(s), 0))
		if right {
			return space + s
		}
		return s + space
	}
	emit := func(cells []string) {
		parts := make([]string, len(cells))
		for j, c := range cells {
			parts[j] = pad(c, width[j], number[j])
		}
		fmt.Fprintln(w, strings.TrimRight(" "+strings.Join(parts, "   "), " "))
	}
	emit(t.columns)
	rule := make([]string, len(t.columns))
	for j := range rule {
		rule[j] = strings.Repeat("─", width[j])
	}
	emit(rule)
	for _, row := range text {
		emit(row)
	}
	fmt.Fprintf(w, "(%s)\n", count(len(t.rows), "row"))
	return w.Flush()
}
