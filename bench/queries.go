package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"time"

	"github.com/jackc/pgx/v5/pgconn"

	"tarn/api/quicksight"
)

// queries measures what a person waits for: a dashboard's visual as the console
// asks for it, and a simple query as psql sends it.
func (b *bench) queries(ctx context.Context) (out []figure, err error) {
	data, err := b.flights(ctx)
	if err != nil {
		return nil, err
	}
	p, err := b.up(ctx, data)
	if err != nil {
		return nil, err
	}
	defer p.end(&err)
	visuals, err := p.visuals(ctx, b.n)
	if err != nil {
		return visuals, err
	}
	wire, err := p.wire(ctx, b.n)
	return append(visuals, wire...), err
}

var consoleKey = regexp.MustCompile(`/_/\?k=([A-Za-z0-9_-]+)`)

// visuals asks for every visual of the example's dashboard in turn, n times.
func (p *tarn) visuals(ctx context.Context, n int) ([]figure, error) {
	c, err := p.client()
	if err != nil {
		return nil, err
	}
	var described quicksight.DescribeDashboardDefinitionOutput
	id := "flights-delays"
	if err := c.Do(ctx, quicksight.Model, "DescribeDashboardDefinition", &quicksight.DescribeDashboardDefinitionInput{AwsAccountId: new(account), DashboardId: &id}, &described); err != nil {
		return nil, err
	}
	var definition struct {
		Sheets []struct {
			SheetID string `json:"SheetId"`
			Visuals []map[string]struct {
				VisualID string `json:"VisualId"`
			}
		}
	}
	if err := json.Unmarshal(described.Definition, &definition); err != nil {
		return nil, err
	}
	page, err := p.signIn(ctx)
	if err != nil {
		return nil, err
	}
	var all []float64
	each := map[string][]float64{}
	for i := range n + 1 {
		for _, sheet := range definition.Sheets {
			for _, visual := range sheet.Visuals {
				for _, v := range visual {
					began := time.Now()
					if err := page.post(ctx, "/_/query/visual", map[string]any{"DashboardId": id, "SheetId": sheet.SheetID, "VisualId": v.VisualID}); err != nil {
						return nil, fmt.Errorf("visual %s: %w", v.VisualID, err)
					}
					ms := float64(time.Since(began).Microseconds()) / 1000
					if i > 0 { // the first attaches the data
						all = append(all, ms)
						each[v.VisualID] = append(each[v.VisualID], ms)
					}
				}
			}
		}
	}
	out := []figure{of("queries", "a visual of the flights dashboard (SPICE)", "ms", all)}
	out[0].Note = fmt.Sprintf("its %d visuals, one after the other", len(each))
	worst := ""
	for id, ms := range each {
		if worst == "" || quantile(ms, 0.5) > quantile(each[worst], 0.5) {
			worst = id
		}
	}
	return append(out, of("queries", "the slowest of them: "+worst, "ms", each[worst])), nil
}

// page is a signed-in page of the console.
type page struct {
	endpoint string
	http     *http.Client
}

func (p *tarn) signIn(ctx context.Context) (*page, error) {
	m := consoleKey.FindStringSubmatch(p.out.String())
	if m == nil {
		return nil, errors.New("tarn has printed no link to the console")
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		return nil, err
	}
	// The console answers to the names it is known by.
	u, err := url.Parse(p.endpoint)
	if err != nil {
		return nil, err
	}
	s := &page{endpoint: "http://localhost:" + u.Port(), http: &http.Client{Jar: jar}}
	return s, s.post(ctx, "/_/session", map[string]string{"Key": m[1]})
}

// post sends JSON and reads the answer to its end.
func (s *page) post(ctx context.Context, path string, in any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.endpoint+path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Tarn", "1")
	resp, err := s.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode >= 300 {
		err = fmt.Errorf("%s: %s: %s", path, resp.Status, answer)
	}
	return err
}

// wire sends psql's kind of query: simple protocol, text results.
func (p *tarn) wire(ctx context.Context, n int) ([]figure, error) {
	env, err := p.environment()
	if err != nil {
		return nil, err
	}
	u := url.URL{Scheme: "postgres", User: url.UserPassword(env["PGUSER"], env["PGPASSWORD"]), Host: p.pg, Path: "/dev", RawQuery: "sslmode=disable"}
	began := time.Now()
	conn, err := pgconn.Connect(ctx, u.String())
	if err != nil {
		return nil, err
	}
	connect := float64(time.Since(began).Microseconds()) / 1000
	defer conn.Close(context.WithoutCancel(ctx))
	var out []figure
	for _, q := range []struct{ name, text string }{
		{"SELECT 1 by the wire, simple protocol", "SELECT 1"},
		{"mean delay by carrier, warehouse, by the wire", "SELECT carrier, count(*), avg(arr_delay) FROM flights.delays GROUP BY 1 ORDER BY 3 DESC"},
	} {
		var took []float64
		for i := range n + 1 {
			began := time.Now()
			if _, err := conn.Exec(ctx, q.text).ReadAll(); err != nil {
				return nil, fmt.Errorf("%s: %w", q.text, err)
			}
			if i > 0 {
				took = append(took, float64(time.Since(began).Microseconds())/1000)
			}
		}
		out = append(out, of("queries", q.name, "ms", took))
	}
	out[0].Note = fmt.Sprintf("connecting and signing in: %.0f ms", connect)
	return out, nil
}
