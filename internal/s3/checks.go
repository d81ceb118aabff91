package s3

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/index"
)

const (
	maxKey          = 1024
	maxMetadata     = 2048
	maxObjectTags   = 10
	maxBucketTags   = 50
	maxTagKey       = 128
	maxTagValue     = 256
	standardClass   = "STANDARD"
	defaultMimeType = "binary/octet-stream"
)

func checkKey(key string) error {
	if len(key) > maxKey {
		return fail(http.StatusBadRequest, "KeyTooLongError", "Your key is too long").With("Size", number(len(key))).With("MaxSizeAllowed", number(maxKey))
	}
	if !utf8.ValidString(key) {
		return fail(http.StatusBadRequest, "InvalidURI", "Couldn't parse the specified URI.")
	}
	return nil
}

// owned finds a bucket that belongs to the caller. There are no bucket policies, so nobody else may use it.
func (s *Service) owned(ctx context.Context, name string, expectedOwner *string) (*index.Bucket, error) {
	b, err := s.bucket(name)
	if err != nil {
		return nil, err
	}
	return b, allow(ctx, b, expectedOwner)
}

func allow(ctx context.Context, b *index.Bucket, expectedOwner *string) error {
	if b.Account != awsapi.CallerFrom(ctx).Account {
		return accessDenied()
	}
	if expectedOwner != nil && *expectedOwner != b.Account {
		return accessDenied()
	}
	return nil
}

func checkMetadata(m map[string]string) (map[string]string, error) {
	if len(m) == 0 {
		return nil, nil
	}
	size := 0
	out := make(map[string]string, len(m))
	for k, v := range m {
		size += len(k) + len(v)
		out[strings.ToLower(k)] = v
	}
	if size > maxMetadata {
		return nil, fail(http.StatusBadRequest, "MetadataTooLarge", "Your metadata headers exceed the maximum allowed metadata size").
			With("Size", number(size)).With("MaxSizeAllowed", number(maxMetadata))
	}
	return out, nil
}

// parseTagging reads the x-amz-tagging header: a query string.
func parseTagging(header *string) ([]index.Tag, error) {
	if awsapi.Val(header) == "" {
		return nil, nil
	}
	var tags []index.Tag
	for pair := range strings.SplitSeq(*header, "&") {
		k, v, _ := strings.Cut(pair, "=")
		key, err := url.QueryUnescape(k)
		value, err2 := url.QueryUnescape(v)
		if err != nil || err2 != nil {
			return nil, invalidArgument("x-amz-tagging", *header, "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name duplicates.")
		}
		tags = append(tags, index.Tag{Key: key, Value: value})
	}
	return tags, checkTags(tags, maxObjectTags, "Object")
}

func checkTags(tags []index.Tag, limit int, what string) error {
	if len(tags) > limit {
		return fail(http.StatusBadRequest, "BadRequest", "%s tags cannot be greater than %d", what, limit)
	}
	seen := map[string]bool{}
	for _, t := range tags {
		switch {
		case t.Key == "" || utf8.RuneCountInString(t.Key) > maxTagKey:
			return fail(http.StatusBadRequest, "InvalidTag", "The TagKey you have provided is invalid").With("TagKey", t.Key)
		case utf8.RuneCountInString(t.Value) > maxTagValue:
			return fail(http.StatusBadRequest, "InvalidTag", "The TagValue you have provided is invalid").With("TagKey", t.Key).With("TagValue", t.Value)
		case strings.HasPrefix(t.Key, "aws:"):
			return fail(http.StatusBadRequest, "InvalidTag", "System tags cannot be added/updated by requester").With("TagKey", t.Key)
		case seen[t.Key]:
			return fail(http.StatusBadRequest, "InvalidTag", "Cannot provide multiple Tags with the same key").With("TagKey", t.Key)
		}
		seen[t.Key] = true
	}
	return nil
}

// checkUnsupported refuses what can be asked for with every write and is not there, rather than forget it.
func checkUnsupported(acl, encryption, kmsKey, customerAlgorithm, lockMode, legalHold *string) error {
	switch a := awsapi.Val(acl); a {
	case "", "private", "bucket-owner-full-control":
	default:
		return fail(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
	}
	// AES256 asks for what S3 does anyway: encryption at rest is the disk's here.
	if e := awsapi.Val(encryption); e != "" && e != "AES256" || kmsKey != nil {
		return notHere("x-amz-server-side-encryption").WithHint("Keys of KMS are not there; leave the header out.")
	}
	if customerAlgorithm != nil {
		return notHere("x-amz-server-side-encryption-customer-algorithm")
	}
	if lockMode != nil || legalHold != nil {
		return fail(http.StatusBadRequest, "InvalidRequest", "Bucket is missing Object Lock Configuration")
	}
	return nil
}

// checkGrants refuses access lists by grant, as S3 does where they are disabled.
func checkGrants(grants ...*string) error {
	for _, g := range grants {
		if g != nil {
			return fail(http.StatusBadRequest, "AccessControlListNotSupported", "The bucket does not allow ACLs")
		}
	}
	return nil
}

// storageClass is the class of a new object. The classes differ in nothing but their names here.
func storageClass(asked *string) (string, error) {
	switch c := awsapi.Val(asked); c {
	case "":
		return standardClass, nil
	case api.StorageClassStandard, api.StorageClassReducedRedundancy, api.StorageClassStandardIa, api.StorageClassOnezoneIa,
		api.StorageClassIntelligentTiering, api.StorageClassGlacierIr, api.StorageClassGlacier, api.StorageClassDeepArchive:
		return c, nil
	}
	return "", fail(http.StatusBadRequest, "InvalidStorageClass", "The storage class you specified is not valid").With("StorageClassRequested", *asked)
}

func checkVersion(id *string) error {
	if v := awsapi.Val(id); v != "" && v != "null" {
		return invalidArgument("versionId", v, "Invalid version id specified")
	}
	return nil
}

// storedEncoding is a Content-Encoding without the transfer's own aws-chunked.
func storedEncoding(header *string) string {
	var kept []string
	for e := range strings.SplitSeq(awsapi.Val(header), ",") {
		if e = strings.TrimSpace(e); e != "" && !strings.EqualFold(e, "aws-chunked") {
			kept = append(kept, e)
		}
	}
	return strings.Join(kept, ",")
}

func quote(etag string) string { return `"` + etag + `"` }

func matchesETag(header, etag string) bool {
	for part := range strings.SplitSeq(header, ",") {
		part = strings.TrimSpace(part)
		if part == "*" || strings.Trim(strings.TrimPrefix(part, "W/"), `"`) == etag {
			return true
		}
	}
	return false
}

func resourceARN(bucket, key string) string {
	if key == "" {
		return "arn:aws:s3:::" + bucket
	}
	return fmt.Sprintf("arn:aws:s3:::%s/%s", bucket, key)
}
