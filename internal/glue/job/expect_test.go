package job

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"testing"

	"tarn/api/glue"
	"tarn/internal/awsapi"
	"tarn/internal/meta"
	"tarn/internal/meta/sqlite"
)

// scripts is a lake that holds these texts by their keys.
type scripts map[string]string

func (s scripts) ReadObject(_ context.Context, _, key string) ([]byte, error) {
	if text, ok := s[key]; ok {
		return []byte(text), nil
	}
	return nil, errors.New("NoSuchKey")
}
func (scripts) WriteObject(context.Context, string, string, []byte) error { return nil }
func (scripts) DeleteObject(context.Context, string, string) error        { return nil }

type inProcess struct{}

func (inProcess) Run(context.Context, RunRequest) (Result, error) { return Result{}, nil }

func TestNeedSpark(t *testing.T) {
	store, err := sqlite.Open(filepath.Join(t.TempDir(), "tarn.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	s := &Service{ctx: t.Context(), o: Options{Store: store, Log: slog.Default(), Native: inProcess{},
		Lake: scripts{"spark.py": "import sys\n", "sql.py": "# tarn:sql v1 {}\nselect 1\n", "shell.py": "print()\n"}}}
	for name, command := range map[string]string{"spark": "glueetl", "sql": "glueetl", "shell": "pythonshell", "lost": "glueetl"} {
		job := &glue.Job{Name: new(name), Command: &glue.JobCommand{Name: new(command), ScriptLocation: new("s3://lake/" + name + ".py")}}
		if err := store.Update(t.Context(), func(tx meta.Tx) error { return tx.Put(kindJob, meta.Key{"1", name}, job) }); err != nil {
			t.Fatal(err)
		}
	}
	ctx := awsapi.WithCaller(t.Context(), awsapi.Caller{Account: "1"})
	for _, c := range []struct {
		jobs []string
		want bool
	}{{[]string{"spark"}, true}, {[]string{"sql", "shell", "lost", "none"}, false}, {[]string{"shell", "spark"}, true}, {nil, false}} {
		if got := s.needSpark(ctx, c.jobs); got != c.want {
			t.Errorf("%v: %v", c.jobs, got)
		}
	}
}
