package checksum

import (
	"encoding/binary"
	"hash"
	"hash/crc64"
	"sync"
)

// nvme is the reversed polynomial of CRC-64/NVME.
const nvme = 0x9a6c9329ac4bc9b5

// nvmeTables serve eight bytes at a time. hash/crc64 does so for its own two polynomials; for others it makes these
// tables anew for each long write, and goes byte by byte through shorter ones.
var nvmeTables = sync.OnceValue(func() *[8]crc64.Table {
	t := &[8]crc64.Table{*crc64.MakeTable(nvme)}
	for i := range t[0] {
		crc := t[0][i]
		for j := 1; j < 8; j++ {
			crc = t[0][crc&0xff] ^ crc>>8
			t[j][i] = crc
		}
	}
	return t
})

type nvmeHash struct {
	crc    uint64
	tables *[8]crc64.Table
}

func newNVME() hash.Hash64 { return &nvmeHash{tables: nvmeTables()} }

func (h *nvmeHash) Write(p []byte) (int, error) {
	n, t, crc := len(p), h.tables, ^h.crc
	for len(p) >= 8 {
		crc ^= binary.LittleEndian.Uint64(p)
		crc = t[7][crc&0xff] ^ t[6][crc>>8&0xff] ^ t[5][crc>>16&0xff] ^ t[4][crc>>24&0xff] ^
			t[3][crc>>32&0xff] ^ t[2][crc>>40&0xff] ^ t[1][crc>>48&0xff] ^ t[0][crc>>56]
		p = p[8:]
	}
	for _, b := range p {
		crc = t[0][byte(crc)^b] ^ crc>>8
	}
	h.crc = ^crc
	return n, nil
}

func (h *nvmeHash) Sum64() uint64        { return h.crc }
func (h *nvmeHash) Sum(in []byte) []byte { return binary.BigEndian.AppendUint64(in, h.crc) }
func (h *nvmeHash) Reset()               { h.crc = 0 }
func (h *nvmeHash) Size() int            { return crc64.Size }
func (h *nvmeHash) BlockSize() int       { return 1 }
