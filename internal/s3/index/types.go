package index

import (
	"encoding/binary"
	"errors"
	"time"

	"tarn/internal/s3/blob"
)

var (
	// ErrNotFound says that there is no such row.
	ErrNotFound = errors.New("not in the index")
	// ErrGone says that a blob has lost its last reference: it is about to be collected and can't be used again.
	ErrGone = errors.New("blob is no longer in use")
)

// Bucket is a bucket.
type Bucket struct {
	ID      int64
	Name    string
	Account string
	Region  string
	Created time.Time
	Doc     BucketDoc
}

// BucketDoc is what only some calls need of a bucket.
type BucketDoc struct {
	Tags []Tag `json:"tags,omitzero"`
}

// Tag is a label of a bucket or object; their order is kept.
type Tag struct {
	Key   string `json:"k"`
	Value string `json:"v"`
}

// Object is the current state of a key.
type Object struct {
	Bucket       int64
	Key          string
	Size         int64
	ETag         string // without quotes
	Modified     time.Time
	Class        string // storage class
	Algorithm    string // of the checksum; empty: none
	ChecksumType string
	Segments     []Segment
	Doc          ObjectDoc
}

// Segment is a stretch of a blob.
type Segment struct {
	Blob         blob.ID
	Offset, Size int64
}

// ObjectDoc is what listings do not need of an object.
type ObjectDoc struct {
	ContentType        string            `json:"ct,omitzero"`
	CacheControl       string            `json:"cc,omitzero"`
	ContentDisposition string            `json:"cd,omitzero"`
	ContentEncoding    string            `json:"ce,omitzero"`
	ContentLanguage    string            `json:"cl,omitzero"`
	Expires            string            `json:"ex,omitzero"`
	WebsiteRedirect    string            `json:"wr,omitzero"`
	Encryption         string            `json:"se,omitzero"` // as asked for, echoed
	Metadata           map[string]string `json:"md,omitzero"`
	Tags               []Tag             `json:"tg,omitzero"`
	Checksum           string            `json:"ck,omitzero"`
	Parts              []ObjectPart      `json:"pt,omitzero"` // of a multipart upload
}

// ObjectPart is one part of an object made by a multipart upload.
type ObjectPart struct {
	Number   int    `json:"n"`
	Size     int64  `json:"s"`
	Checksum string `json:"c,omitzero"`
}

// Upload is a multipart upload under way.
type Upload struct {
	Bucket    int64
	Key       string
	ID        string
	Initiated time.Time
	Doc       UploadDoc
}

// UploadDoc is what was said when the upload was started.
type UploadDoc struct {
	Object       ObjectDoc `json:"object"`
	Class        string    `json:"class"`
	Algorithm    string    `json:"algorithm,omitzero"`
	ChecksumType string    `json:"checksumType,omitzero"`
	Initiator    string    `json:"initiator,omitzero"`
	Account      string    `json:"account,omitzero"`
	// Stated: the client named the checksum; parts must then have it.
	Stated bool `json:"stated,omitzero"`
}

// Part is an uploaded part.
type Part struct {
	Upload    string
	Number    int
	Size      int64
	ETag      string
	Modified  time.Time
	Segments  []Segment
	Checksums map[string]string // by algorithm
}

// Event is one change of an object, in the order in which they became durable.
type Event struct {
	Seq     int64
	At      time.Time
	Kind    string // as in S3's notifications, such as ObjectCreated:Put
	Account string
	Bucket  string
	Key     string
	Size    int64
	ETag    string
}

func encodeSegments(segments []Segment) []byte {
	b := make([]byte, 0, 12*len(segments))
	for _, s := range segments {
		b = binary.AppendUvarint(b, uint64(s.Blob))
		b = binary.AppendUvarint(b, uint64(s.Offset))
		b = binary.AppendUvarint(b, uint64(s.Size))
	}
	return b
}

func decodeSegments(b []byte) ([]Segment, error) {
	var out []Segment
	for len(b) > 0 {
		var v [3]uint64
		for i := range v {
			x, n := binary.Uvarint(b)
			if n <= 0 {
				return nil, errors.New("index: damaged list of segments")
			}
			v[i], b = x, b[n:]
		}
		out = append(out, Segment{Blob: blob.ID(v[0]), Offset: int64(v[1]), Size: int64(v[2])})
	}
	return out, nil
}
