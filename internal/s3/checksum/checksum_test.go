package checksum

import (
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// The check values are those of the CRC catalogue, for "123456789".
func TestCheckValues(t *testing.T) {
	for a, want := range map[Algorithm]string{
		CRC32:     "\xcb\xf4\x39\x26",
		CRC32C:    "\xe3\x06\x92\x83",
		CRC64NVME: "\xae\x8b\x14\x86\x0a\x79\x98\x88",
	} {
		s := NewSet(a)
		s.Write([]byte("123456789"))
		if got := s.Sum(a); got != base64.StdEncoding.EncodeToString([]byte(want)) {
			t.Errorf("%s = %s", a, got)
		}
		if s.ETag() != "25f9e794323b453885f5181f1b624d0b" || s.Size() != 9 {
			t.Errorf("ETag %s, size %d", s.ETag(), s.Size())
		}
	}
}

func TestJoinFull(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		whole := NewSet(CRC32, CRC32C, CRC64NVME)
		parts := map[Algorithm][]Part{}
		for range 1 + rnd.IntN(5) {
			b := make([]byte, rnd.IntN(3000))
			for i := range b {
				b[i] = byte(rnd.Uint32())
			}
			whole.Write(b)
			p := NewSet(CRC32, CRC32C, CRC64NVME)
			p.Write(b)
			for _, a := range []Algorithm{CRC32, CRC32C, CRC64NVME} {
				parts[a] = append(parts[a], Part{Sum: p.Sum(a), Size: p.Size()})
			}
		}
		for a, ps := range parts {
			got, err := JoinFull(a, ps)
			if err != nil || got != whole.Sum(a) {
				t.Fatalf("%s of %d parts = %s, %v; want %s", a, len(ps), got, err, whole.Sum(a))
			}
		}
	}
}

func TestJoinRefuses(t *testing.T) {
	if _, err := JoinFull(SHA256, nil); err == nil {
		t.Error("SHA256 joined")
	}
	if _, err := JoinFull(CRC32, []Part{{Sum: "?"}}); err == nil {
		t.Error("garbage joined")
	}
	if _, err := JoinComposite(SHA1, []Part{{Sum: "AAAA"}}); err == nil {
		t.Error("short sum joined")
	}
}

func TestComposite(t *testing.T) {
	s := NewSet(SHA256)
	s.Write([]byte("a"))
	got, err := JoinComposite(SHA256, []Part{{Sum: s.Sum(SHA256), Size: 1}, {Sum: s.Sum(SHA256), Size: 1}})
	if err != nil || got[len(got)-2:] != "-2" || !SHA256.Valid(got[:len(got)-2]) {
		t.Fatalf("%s, %v", got, err)
	}
}

func TestParse(t *testing.T) {
	for _, a := range All() {
		if got, ok := Parse(string(a)); !ok || got != a || a.New().Size() != a.Size() {
			t.Errorf("%s: %s, %v", a, got, ok)
		}
	}
	if _, ok := Parse("CRC16"); ok {
		t.Error("CRC16 is known")
	}
}
