package table

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/apache/iceberg-go"
	icetable "github.com/apache/iceberg-go/table"
)

// Iceberg's own defaults for how long snapshots stay.
const (
	keepSnapshotsFor = 5 * 24 * 60 * 60 * 1000 // milliseconds
	keepSnapshots    = 1
)

// expire takes snapshots out of the metadata that the table's properties say
// are over (history.expire.*, gc.enabled), as Iceberg's own expiry does:
// branches keep their latest snapshots and those young enough, tags and
// branches that are not too old keep theirs. It returns what went.
func expire(b *icetable.MetadataBuilder, props iceberg.Properties, refs map[string]icetable.SnapshotRef, snapshots []icetable.Snapshot, now int64) ([]icetable.Snapshot, error) {
	byID := make(map[int64]*icetable.Snapshot, len(snapshots))
	for i := range snapshots {
		byID[snapshots[i].SnapshotID] = &snapshots[i]
	}
	if strings.EqualFold(props["gc.enabled"], "false") {
		return nil, nil
	}
	number := func(key string, otherwise int64) int64 {
		if n, err := strconv.ParseInt(props[key], 10, 64); err == nil {
			return n
		}
		return otherwise
	}
	maxAge := number("history.expire.max-snapshot-age-ms", keepSnapshotsFor)
	least := number("history.expire.min-snapshots-to-keep", keepSnapshots)
	maxRefAge := number("history.expire.max-ref-age-ms", math.MaxInt64)
	keep, onBranch := map[int64]bool{}, map[int64]bool{}
	for name, ref := range refs {
		head := byID[ref.SnapshotID]
		if head == nil {
			continue
		}
		refAge := maxRefAge
		if ref.MaxRefAgeMs != nil {
			refAge = *ref.MaxRefAgeMs
		}
		if name != icetable.MainBranch && now-head.TimestampMs > refAge {
			if err := b.RemoveSnapshotRef(name); err != nil {
				return nil, err
			}
			continue
		}
		keep[head.SnapshotID], onBranch[head.SnapshotID] = true, true
		if ref.SnapshotRefType != icetable.BranchRef {
			continue
		}
		age, few := maxAge, least
		if ref.MaxSnapshotAgeMs != nil {
			age = *ref.MaxSnapshotAgeMs
		}
		if ref.MinSnapshotsToKeep != nil {
			few = int64(*ref.MinSnapshotsToKeep)
		}
		young := true
		for s, n := head, int64(0); s != nil; n++ {
			onBranch[s.SnapshotID] = true
			young = young && (now-s.TimestampMs <= age || n < few)
			keep[s.SnapshotID] = keep[s.SnapshotID] || young
			if s.ParentSnapshotID == nil {
				break
			}
			s = byID[*s.ParentSnapshotID]
		}
	}
	var gone []icetable.Snapshot
	var ids []int64
	for _, s := range snapshots {
		if keep[s.SnapshotID] || !onBranch[s.SnapshotID] && now-s.TimestampMs <= maxAge {
			continue
		}
		gone, ids = append(gone, s), append(ids, s.SnapshotID)
	}
	if len(ids) == 0 {
		return nil, nil
	}
	return gone, b.RemoveSnapshots(ids, false)
}

// sweep deletes the files that only expired snapshots, or landings of a
// process that was killed, refer to. The commit stands whatever becomes of it.
func (l *landing) sweep(ctx context.Context, meta icetable.Metadata, gone []icetable.Snapshot) (removed int, err error) {
	left, err := l.w.orphans(ctx, l)
	if err != nil {
		return 0, err
	}
	if len(gone) == 0 && len(left) == 0 {
		return 0, nil
	}
	kept, err := l.reach(ctx, meta.Snapshots(), nil)
	if err != nil {
		return 0, err
	}
	dead := map[string]bool{}
	if len(gone) > 0 {
		over, err := l.reach(ctx, gone, kept)
		if err != nil {
			return 0, err
		}
		for location := range over {
			// What lies elsewhere was added, not written, by the table.
			if bucket, key, err := parseLocation(location); err == nil && bucket == l.bucket && strings.HasPrefix(key, l.prefix+"/") && !kept[location] {
				dead[key] = true
			}
		}
	}
	for _, key := range left {
		if !kept["s3://"+l.bucket+"/"+key] {
			dead[key] = true
		}
	}
	if len(dead) == 0 {
		return 0, nil
	}
	keys := sortedKeys(dead)
	for some := range slices.Chunk(keys, 1000) {
		if err := l.w.lake.Delete(ctx, l.bucket, some...); err != nil {
			return removed, fmt.Errorf("remove files of expired snapshots: %w", err)
		}
		removed += len(some)
	}
	return removed, nil
}

// reach lists the addresses of all files that the snapshots consist of; the
// manifests in known are not opened again.
func (l *landing) reach(ctx context.Context, snapshots []icetable.Snapshot, known map[string]bool) (map[string]bool, error) {
	out := map[string]bool{}
	in := lakeIO{ctx, l.w.lake}
	for _, s := range snapshots {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if s.ManifestList == "" {
			continue
		}
		out[s.ManifestList] = true
		manifests, err := s.Manifests(in)
		if err != nil {
			return nil, fmt.Errorf("read snapshot %d: %w", s.SnapshotID, err)
		}
		for _, m := range manifests {
			if out[m.FilePath()] || known[m.FilePath()] {
				continue
			}
			out[m.FilePath()] = true
			for e, err := range m.Entries(in, true) {
				if err != nil {
					return nil, fmt.Errorf("read manifest %s: %w", m.FilePath(), err)
				}
				if e.Status() != iceberg.EntryStatusDELETED {
					out[e.DataFile().FilePath()] = true
				}
			}
		}
	}
	return out, nil
}

// orphans lists what landings of earlier processes left in a table, once a
// table: files named as this package names them, older than this process,
// which no landing under way can be writing. Whether a snapshot has them is
// for the caller to find out.
func (w *Writer) orphans(ctx context.Context, l *landing) ([]string, error) {
	w.mu.Lock()
	done := w.swept[l.location()]
	w.swept[l.location()] = true
	w.mu.Unlock()
	if done || l.base == nil {
		return nil, nil
	}
	var out []string
	for _, folder := range []string{"data", "metadata"} {
		for o, err := range w.lake.List(ctx, l.bucket, l.prefix+"/"+folder+"/") {
			if err != nil {
				return nil, errors.Join(err, w.sweepAgain(l))
			}
			name := o.Key[strings.LastIndexByte(o.Key, '/')+1:]
			if strings.HasPrefix(name, ownFiles) && o.LastModified.Before(w.started) {
				out = append(out, o.Key)
			}
		}
	}
	return out, nil
}

func (w *Writer) sweepAgain(l *landing) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.swept, l.location())
	return nil
}

// ownFiles begins the names of files that landings write, so that what a
// killed one left is told from other writers' files, which may be under way.
const ownFiles = "tarn-"
