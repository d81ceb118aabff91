package meta

import "fmt"

// The encoding keeps the order of keys under a plain comparison of bytes, and makes prefixes of components prefixes
// of bytes: every component ends in 00 01, and a 00 inside it is written 00 FF.
const (
	escape     = 0x00
	escaped    = 0xFF
	terminator = 0x01
)

// Encode returns the bytes under which a backend stores k.
func (k Key) Encode() []byte {
	n := 0
	for _, c := range k {
		n += len(c) + 2
	}
	b := make([]byte, 0, n)
	for _, c := range k {
		for i := 0; i < len(c); i++ {
			b = append(b, c[i])
			if c[i] == escape {
				b = append(b, escaped)
			}
		}
		b = append(b, escape, terminator)
	}
	return b
}

// EncodeEnd returns the smallest bytes that come after every key with prefix k; nil = there are none.
func (k Key) EncodeEnd() []byte {
	if len(k) == 0 {
		return nil
	}
	b := k.Encode()
	b[len(b)-1] = terminator + 1
	return b
}

// DecodeKey is the inverse of Encode. It refuses what Encode cannot have written.
func DecodeKey(b []byte) (Key, error) {
	k := Key{}
	var part []byte
	for i := 0; i < len(b); i++ {
		if b[i] != escape {
			part = append(part, b[i])
			continue
		}
		i++
		if i == len(b) {
			return nil, fmt.Errorf("meta: key %x ends within an escape", b)
		}
		switch b[i] {
		case escaped:
			part = append(part, escape)
		case terminator:
			k = append(k, string(part))
			part = part[:0]
		default:
			return nil, fmt.Errorf("meta: key %x has the unknown escape %02x at byte %d", b, b[i], i)
		}
	}
	if len(part) > 0 {
		return nil, fmt.Errorf("meta: key %x has no terminator", b)
	}
	return k, nil
}
