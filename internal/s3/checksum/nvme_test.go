package checksum

import (
	"hash/crc64"
	"math/rand/v2"
	"testing"
)

// TestNVME compares with hash/crc64, in writes of every length.
func TestNVME(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	table := crc64.MakeTable(nvme)
	for range 200 {
		got, want := newNVME(), crc64.New(table)
		for range rnd.IntN(6) {
			b := make([]byte, rnd.IntN(100))
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			got.Write(b)
			want.Write(b)
		}
		if string(got.Sum([]byte("x"))) != string(want.Sum([]byte("x"))) || got.Sum64() != want.Sum64() {
			t.Fatalf("%x, want %x", got.Sum64(), want.Sum64())
		}
		got.Reset()
		got.Write([]byte("123456789"))
		if got.Sum64() != 0xae8b14860a799888 {
			t.Fatalf("after Reset: %x", got.Sum64())
		}
	}
}

func BenchmarkNVME(b *testing.B) {
	p := make([]byte, 128<<10)
	h := newNVME()
	b.SetBytes(int64(len(p)))
	for b.Loop() {
		h.Write(p)
	}
}
