package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"os"
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
			project := ""
			var env pipeline.Environ
			if p, err := f.project(); err == nil {
				project, env = p.Name, p.Environ
			}
			t, err := f.connect(cmd.Context(), env)
			if err != nil {
				return exitFor(err)
			}
			res, err := t.Query(cmd.Context(), pipeline.RawNames(query, project), project)
			if err != nil {
				return exitFor(err)
			}
			if f.json {
				format = "json"
			}
			return writeResult(cmd.OutOrStdout(), format, res)
		},
	}
	f.register(c)
	c.Flags().StringVarP(&file, "file", "f", "", "read the query from a file")
	c.Flags().StringVar(&format, "format", "table", "table, csv or json")
	return c
}

func writeResult(w io.Writer, format string, r *pipeline.Result) error {
	switch format {
	case "csv":
		out := csv.NewWriter(w)
		if err := out.Write(r.Columns); err != nil {
			return err
		}
		for _, row := range r.Rows {
			rec := make([]string, len(row))
			for i, v := range row {
				if v != nil {
					rec[i] = fmt.Sprint(v)
				}
			}
			if err := out.Write(rec); err != nil {
				return err
			}
		}
		out.Flush()
		return out.Error()
	case "json":
		enc := json.NewEncoder(w)
		for _, row := range r.Rows {
			m := map[string]any{}
			for i, c := range r.Columns {
				m[c] = row[i]
			}
			if err := enc.Encode(m); err != nil {
				return err
			}
		}
		return nil
	case "table":
		writeTable(w, r)
		return nil
	}
	return fmt.Errorf("unknown format %q; one of table, csv, json", format)
}

func writeTable(w io.Writer, r *pipeline.Result) {
	if len(r.Columns) == 0 {
		fmt.Fprintln(w, r.Tag)
		return
	}
	width := make([]int, len(r.Columns))
	text := make([][]string, len(r.Rows))
	number := make([]bool, len(r.Columns))
	for i, c := range r.Columns {
		width[i] = utf8.RuneCountInString(c)
		number[i] = len(r.Rows) > 0
	}
	for i, row := range r.Rows {
		text[i] = make([]string, len(row))
		for j, v := range row {
			switch v := v.(type) {
			case nil:
			case int64, float64:
				text[i][j] = fmt.Sprint(v)
			default:
				text[i][j] = fmt.Sprint(v)
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
	emit(r.Columns)
	rule := make([]string, len(r.Columns))
	for j := range rule {
		rule[j] = strings.Repeat("─", width[j])
	}
	emit(rule)
	for _, row := range text {
		emit(row)
	}
	rows := "rows"
	if len(r.Rows) == 1 {
		rows = "row"
	}
	fmt.Fprintf(w, "(%s %s)\n", pipeline.Grouped(int64(len(r.Rows))), rows)
}
