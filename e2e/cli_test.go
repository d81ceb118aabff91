package e2e

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the golden files of testdata/cli")

// TestCommandLine runs the scripts of testdata/cli, each a project of its own,
// against one process. In them tarn, aws and psql are on PATH.
func TestCommandLine(t *testing.T) {
	t.Parallel()
	p := start(t, dataFolder(t))
	bin := t.TempDir()
	if err := os.Symlink(binary(t), bin+"/tarn"); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:           "testdata/cli",
		UpdateScripts: *update,
		Setup: func(e *testscript.Env) error {
			path := bin + string(os.PathListSeparator) + p.value("PATH")
			for _, v := range p.env {
				if !strings.HasPrefix(v, "PATH=") && !strings.HasPrefix(v, "HOME=") && !strings.HasPrefix(v, "TMPDIR=") {
					e.Vars = append(e.Vars, v)
				}
			}
			e.Vars = append(e.Vars, "PATH="+path, "HOME="+e.WorkDir)
			return nil
		},
	})
}
