package index

import "tarn/internal/s3/blob"

// maxPack bounds a pack, and with it the space that one small object can keep from being freed.
const maxPack = 256 << 10

// pack is a blob shared by the small bodies of one group of updates: one file and one fsync for all of them.
type pack struct {
	id   blob.ID
	data []byte
	used bool // something in it was published
}

// Pack places a small body in a blob that is written with this transaction. It is not kept if fn fails.
func (tx *Tx) Pack(body []byte) (Segment, error) {
	var p *pack
	if n := len(tx.packs); n > 0 && len(tx.packs[n-1].data)+len(body) <= maxPack {
		p = tx.packs[n-1]
	} else {
		id, err := tx.blobs.Allocate()
		if err != nil {
			return Segment{}, err
		}
		p = &pack{id: id}
		if n := len(tx.spare); n > 0 {
			p.data, tx.spare = tx.spare[n-1], tx.spare[:n-1]
		}
		tx.packs = append(tx.packs, p)
	}
	s := Segment{Blob: p.id, Offset: int64(len(p.data)), Size: int64(len(body))}
	p.data = append(p.data, body...)
	return s, nil
}

func (tx *Tx) packOf(id blob.ID) *pack {
	for _, p := range tx.packs {
		if p.id == id {
			return p
		}
	}
	return nil
}

func (tx *Tx) writePacks() error {
	for _, p := range tx.packs {
		if !p.used {
			continue
		}
		if err := tx.blobs.WriteAll(p.id, p.data); err != nil {
			return err
		}
	}
	return nil
}

// recyclePacks forgets the packs of the last transaction, and keeps the memory of a few.
func (tx *Tx) recyclePacks() {
	const keep = 4
	for _, p := range tx.packs {
		if len(tx.spare) < keep {
			tx.spare = append(tx.spare, p.data[:0])
		}
	}
	tx.packs = nil
}

// dropPacks removes the files of a transaction that was undone. What can't be removed, the next start sweeps.
func (tx *Tx) dropPacks() {
	for _, p := range tx.packs {
		tx.blobs.Remove(p.id)
	}
}
