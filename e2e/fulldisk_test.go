package e2e

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const insideMounts = "TARN_E2E_MOUNTS"

// TestFullDisk fills a small disk of its own under tarn. It runs in a name space of mounts, which anyone may make where
// the kernel lets users have name spaces, and root always: the mount is gone with the process.
func TestFullDisk(t *testing.T) {
	if os.Getenv(insideMounts) != "" {
		fullDisk(t)
		return
	}
	cmd := exec.Command(os.Args[0], "-test.run=^TestFullDisk$", "-test.v", "-test.count=1")
	cmd.Env = append(os.Environ(), insideMounts+"=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS}
	if os.Getuid() != 0 {
		cmd.SysProcAttr.Cloneflags = syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v (a name space of mounts is needed: root, or kernel.unprivileged_userns_clone)\n%s", err, out)
	}
	t.Logf("%s", out)
}

// fullDisk runs a project of one SQL job, with the disk full first for the upload, then for the table.
func fullDisk(t *testing.T) {
	data := dataFolder(t)
	envs, err := os.Readlink(filepath.Join(data, "envs"))
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("tarn-e2e", data, "tmpfs", 0, "size=96m,mode=700"); err != nil {
		t.Fatalf("mount a tmpfs of 96 MB on %s: %v", data, err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(data, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	if err := os.Symlink(envs, filepath.Join(data, "envs")); err != nil {
		t.Fatal(err)
	}
	dir := flights(t, 1, 2)
	for name, text := range map[string]string{
		"tarn.yaml": `name: full
sources:
  flights: {from: "data/flights-*.csv.gz"}
jobs:
  delays: {load: true}
`,
		// Wide enough that the table is larger than what it is made from.
		"jobs/delays.sql": `SELECT f.*, md5(concat_ws(',', f.tailnum, f.flight, f.time_hour)) AS a, md5(concat(f.dest, f.tailnum, f.time_hour, f.flight)) AS b
FROM raw.flights f
WHERE arr_delay <> 'NA'
`} {
		if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(name)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(dir, "jobs", "clean_flights.py")); err != nil {
		t.Fatal(err)
	}
	p := start(t, data, "--spark", "off")
	p.project(dir, "apply")
	p.project(dir, "run")
	count := func() string {
		t.Helper()
		var out []string
		for _, query := range []string{"select count(*) from delays", "select count(*) from full_lake.delays", "select count(*) from raw.flights"} {
			out = append(out, strings.TrimSpace(strings.Join(strings.Fields(p.project(dir, "sql", query, "--format", "csv"))[1:], " ")))
		}
		return strings.Join(out, " ")
	}
	two := "50009 50009 51955"
	expect(t, count(), two)

	t.Log("no room for the upload")
	addMonth(t, dir, 3)
	free := ballast(t, data, 100<<10)
	out, err := p.try(binary(t), "run", "-C", dir)
	if err == nil {
		t.Fatalf("the run succeeds on a full disk:\n%s", out)
	}
	t.Log(out)
	contains(t, out, month(3), "disk", "full")
	expect(t, count(), two)
	free()

	t.Log("no room for the table")
	free = ballast(t, data, 2<<20)
	out, err = p.try(binary(t), "run", "-C", dir)
	if err == nil {
		t.Fatalf("the run succeeds on a full disk:\n%s", out)
	}
	t.Log(out)
	contains(t, out, "delays", "the disk is full", "free some space", "tarn run --resume")
	expect(t, count(), "50009 50009 80789")
	free()

	p.project(dir, "run", "--resume")
	expect(t, count(), "77911 77911 80789")
	if left := entries(t, filepath.Join(data, "objects", "tmp")); len(left) > 0 {
		t.Errorf("left in objects/tmp: %v", left)
	}
}

// ballast fills a disk but for a rest, and answers what takes it away.
func ballast(t *testing.T, dir string, rest int64) func() {
	t.Helper()
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	n := int64(st.Bavail)*st.Bsize - rest
	path := filepath.Join(dir, "ballast")
	f, err := os.Create(path)
	if err == nil {
		// tmpfs gives pages to what is written, not to what is only reserved.
		block := make([]byte, 64<<10)
		for ; n > 0 && err == nil; n -= int64(len(block)) {
			_, err = f.Write(block[:min(n, int64(len(block)))])
		}
		f.Close()
	}
	if err != nil {
		t.Fatalf("fill the disk: %v", err)
	}
	return func() {
		if err := os.Remove(path); err != nil {
			t.Error(err)
		}
	}
}
