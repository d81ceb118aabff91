package e2e

import "testing"

// TestOneServer is what needs a Spark but not one of its own: a tarn whose Spark
// is started once serves one after the other.
func TestOneServer(t *testing.T) {
	p := start(t, dataFolder(t))
	t.Run("late month", func(t *testing.T) { p.in(t).lateMonth(t) })
	t.Run("roles", func(t *testing.T) { p.in(t).roles(t) })
	t.Run("bad input", func(t *testing.T) { p.in(t).badInput(t) })
}
