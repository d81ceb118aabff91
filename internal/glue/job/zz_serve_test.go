package job_test

import (
	"os"
	"testing"
	"time"
)

func TestServe(t *testing.T) {
	r := open(t, "/tmp/warm/data", "127.0.0.1:4599", nil)
	os.WriteFile("/tmp/warm/serving", nil, 0o600)
	for {
		if _, err := os.Stat("/tmp/warm/serving"); err != nil {
			break
		}
		time.Sleep(200 * time.Millisecond)
	}
	r.stop()
}
