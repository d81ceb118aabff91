package s3

import (
	"context"
	"encoding/base64"
	"net/url"
	"strconv"
	"strings"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

const maxKeys = 1000

// listing is what a listing asks for.
type listing struct {
	bucket            int64
	prefix, delimiter string
	after             string // keys come strictly after it; if it is a common prefix, after all keys under it
	max               int
}

// entry is a key, or a common prefix in place of the keys under it.
type entry struct {
	object *index.Object
	prefix string
}

func (e entry) name() string {
	if e.object != nil {
		return e.object.Key
	}
	return e.prefix
}

// skipRows is how many keys under a common prefix are stepped over before the index is asked for the key after all
// of them: stepping is cheaper for a few, and asking again is what keeps a folder of a million keys one lookup.
const skipRows = 8

// list walks the index in the order of keys. Its cost is that of the entries it gives, not of the keys under them.
func (s *Service) list(ctx context.Context, l listing) (entries []entry, truncated bool, err error) {
	if l.max == 0 {
		return nil, false, nil
	}
	from, last := l.start(), ""
	for from != "\xff" {
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		next, stepped := "\xff", 0
		err := s.index.Scan(l.bucket, from, func(o *index.Object) bool {
			if !strings.HasPrefix(o.Key, l.prefix) {
				return false
			}
			common := l.common(o.Key)
			if common != "" && common == last {
				if stepped++; stepped > skipRows {
					next = successor(common)
					return false
				}
				return true
			}
			if len(entries) == l.max {
				truncated = true
				return false
			}
			if common != "" {
				last, stepped = common, 0
				entries = append(entries, entry{prefix: common})
				return true
			}
			entries = append(entries, entry{object: o})
			return true
		})
		if err != nil {
			return nil, false, err
		}
		from = next
	}
	return entries, truncated, nil
}

// start is the first key to look at.
func (l listing) start() string {
	if l.after == "" || l.after < l.prefix {
		return l.prefix
	}
	if c := l.common(l.after); c != "" && c == l.after {
		return successor(c)
	}
	return l.after + "\x00"
}

// common is the common prefix that a key falls under, or "".
func (l listing) common(key string) string {
	if l.delimiter == "" || !strings.HasPrefix(key, l.prefix) {
		return ""
	}
	i := strings.Index(key[len(l.prefix):], l.delimiter)
	if i < 0 {
		return ""
	}
	return key[:len(l.prefix)+i+len(l.delimiter)]
}

// successor is the lowest string above all that start with p. Keys are UTF-8, which has no byte 0xff.
func successor(p string) string {
	b := []byte(p)
	for len(b) > 0 && b[len(b)-1] == 0xff {
		b = b[:len(b)-1]
	}
	if len(b) == 0 {
		return "\xff"
	}
	b[len(b)-1]++
	return string(b)
}

func pageSize(name string, asked *int32, limit int) (int, error) {
	if asked == nil {
		return limit, nil
	}
	if *asked < 0 {
		return 0, invalidArgument(name, strconv.Itoa(int(*asked)), "Argument %s must be an integer between 0 and 2147483647", name)
	}
	return min(int(*asked), limit), nil
}

// encoder is how keys are written into a listing: XML can't hold every character, encoding-type=url can.
func encoder(encodingType *string) (func(string) string, error) {
	switch e := awsapi.Val(encodingType); e {
	case "":
		return func(s string) string { return s }, nil
	case "url":
		return func(s string) string { return strings.ReplaceAll(url.QueryEscape(s), "%2F", "/") }, nil
	default:
		return nil, invalidArgument("encoding-type", e, "Invalid Encoding Method specified in Request")
	}
}

func (s *Service) listed(e entry, encode func(string) string, account string, withOwner bool) *api.Object {
	o := e.object
	out := &api.Object{
		Key: new(encode(o.Key)), Size: &o.Size, ETag: new(quote(o.ETag)), LastModified: &awsapi.Time{Time: o.Modified}, StorageClass: &o.Class,
	}
	if o.Algorithm != "" {
		out.ChecksumAlgorithm, out.ChecksumType = []string{o.Algorithm}, text(o.ChecksumType)
	}
	if withOwner {
		out.Owner = owner(account)
	}
	return out
}

// ListObjects is the first form of listing, with markers.
func (s *Service) ListObjects(ctx context.Context, in *api.ListObjectsInput) (*api.ListObjectsOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize("max-keys", in.MaxKeys, maxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	l := listing{bucket: b.ID, prefix: awsapi.Val(in.Prefix), delimiter: awsapi.Val(in.Delimiter), after: awsapi.Val(in.Marker), max: limit}
	entries, truncated, err := s.list(ctx, l)
	if err != nil {
		return nil, err
	}
	out := &api.ListObjectsOutput{
		Name: &b.Name, Prefix: new(encode(l.prefix)), Marker: new(encode(l.after)), MaxKeys: new(int32(limit)), IsTruncated: &truncated,
		EncodingType: in.EncodingType,
	}
	if l.delimiter != "" {
		out.Delimiter = new(encode(l.delimiter))
	}
	for _, e := range entries {
		if e.object == nil {
			out.CommonPrefixes = append(out.CommonPrefixes, &api.CommonPrefix{Prefix: new(encode(e.prefix))})
			continue
		}
		out.Contents = append(out.Contents, s.listed(e, encode, b.Account, true))
	}
	if truncated && l.delimiter != "" {
		out.NextMarker = new(encode(entries[len(entries)-1].name()))
	}
	return out, nil
}

// ListObjectsV2 is the second form, with tokens.
func (s *Service) ListObjectsV2(ctx context.Context, in *api.ListObjectsV2Input) (*api.ListObjectsV2Output, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize("max-keys", in.MaxKeys, maxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	l := listing{bucket: b.ID, prefix: awsapi.Val(in.Prefix), delimiter: awsapi.Val(in.Delimiter), after: awsapi.Val(in.StartAfter), max: limit}
	if in.ContinuationToken != nil {
		if l.after, err = readToken(*in.ContinuationToken); err != nil {
			return nil, err
		}
	}
	entries, truncated, err := s.list(ctx, l)
	if err != nil {
		return nil, err
	}
	out := &api.ListObjectsV2Output{
		Name: &b.Name, Prefix: new(encode(l.prefix)), MaxKeys: new(int32(limit)), KeyCount: new(int32(len(entries))), IsTruncated: &truncated,
		EncodingType: in.EncodingType, ContinuationToken: in.ContinuationToken,
	}
	if l.delimiter != "" {
		out.Delimiter = new(encode(l.delimiter))
	}
	if in.StartAfter != nil {
		out.StartAfter = new(encode(*in.StartAfter))
	}
	for _, e := range entries {
		if e.object == nil {
			out.CommonPrefixes = append(out.CommonPrefixes, &api.CommonPrefix{Prefix: new(encode(e.prefix))})
			continue
		}
		out.Contents = append(out.Contents, s.listed(e, encode, b.Account, awsapi.Val(in.FetchOwner)))
	}
	if truncated {
		out.NextContinuationToken = new(writeToken(entries[len(entries)-1].name()))
	}
	return out, nil
}

// A token is the last name given, with a letter in front so that it is never empty.
func writeToken(name string) string { return base64.RawURLEncoding.EncodeToString([]byte("1" + name)) }

func readToken(token string) (string, error) {
	b, err := base64.RawURLEncoding.DecodeString(token)
	if err != nil || len(b) == 0 || b[0] != '1' {
		return "", invalidArgument("continuation-token", token, "The continuation token provided is incorrect")
	}
	return string(b[1:]), nil
}

// ListObjectVersions lists a bucket that has never had versions: each object is its only version, named null.
func (s *Service) ListObjectVersions(ctx context.Context, in *api.ListObjectVersionsInput) (*api.ListObjectVersionsOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize("max-keys", in.MaxKeys, maxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	l := listing{bucket: b.ID, prefix: awsapi.Val(in.Prefix), delimiter: awsapi.Val(in.Delimiter), after: awsapi.Val(in.KeyMarker), max: limit}
	entries, truncated, err := s.list(ctx, l)
	if err != nil {
		return nil, err
	}
	out := &api.ListObjectVersionsOutput{
		Name: &b.Name, Prefix: new(encode(l.prefix)), KeyMarker: new(encode(l.after)), VersionIdMarker: new(awsapi.Val(in.VersionIdMarker)),
		MaxKeys: new(int32(limit)), IsTruncated: &truncated, EncodingType: in.EncodingType,
	}
	if l.delimiter != "" {
		out.Delimiter = new(encode(l.delimiter))
	}
	for _, e := range entries {
		if e.object == nil {
			out.CommonPrefixes = append(out.CommonPrefixes, &api.CommonPrefix{Prefix: new(encode(e.prefix))})
			continue
		}
		o := s.listed(e, encode, b.Account, true)
		out.Versions = append(out.Versions, &api.ObjectVersion{
			Key: o.Key, Size: o.Size, ETag: o.ETag, LastModified: o.LastModified, StorageClass: o.StorageClass, Owner: o.Owner,
			ChecksumAlgorithm: o.ChecksumAlgorithm, ChecksumType: o.ChecksumType, IsLatest: new(true), VersionId: new("null"),
		})
	}
	if truncated {
		out.NextKeyMarker, out.NextVersionIdMarker = new(encode(entries[len(entries)-1].name())), new("null")
	}
	return out, nil
}
