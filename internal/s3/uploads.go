package s3

import (
	"context"
	"strings"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/checksum"
)

// ListParts lists the parts of an upload.
func (s *Service) ListParts(ctx context.Context, in *api.ListPartsInput) (*api.ListPartsOutput, error) {
	u, err := s.upload(ctx, *in.Bucket, *in.Key, *in.UploadId, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize("max-parts", in.MaxParts, listedParts)
	if err != nil {
		return nil, err
	}
	after := awsapi.Val(in.PartNumberMarker)
	parts, err := s.index.Parts(u.ID, int(after), limit+1)
	if err != nil {
		return nil, err
	}
	out := &api.ListPartsOutput{
		Bucket: in.Bucket, Key: in.Key, UploadId: &u.ID, PartNumberMarker: &after, MaxParts: new(int32(limit)), IsTruncated: new(len(parts) > limit && limit > 0),
		Owner: owner(u.Doc.Account), Initiator: &api.Initiator{ID: text(u.Doc.Initiator), DisplayName: text(u.Doc.Account)}, StorageClass: &u.Doc.Class,
	}
	if u.Doc.Stated {
		out.ChecksumAlgorithm, out.ChecksumType = &u.Doc.Algorithm, &u.Doc.ChecksumType
	}
	for _, p := range parts[:min(limit, len(parts))] {
		e := &api.Part{PartNumber: new(int32(p.Number)), Size: &p.Size, ETag: new(quote(p.ETag)), LastModified: &awsapi.Time{Time: p.Modified}}
		if u.Doc.Stated {
			setSum(checksum.Algorithm(u.Doc.Algorithm), p.Checksums[u.Doc.Algorithm], &e.ChecksumCRC32, &e.ChecksumCRC32C, &e.ChecksumCRC64NVME, &e.ChecksumSHA1,
				&e.ChecksumSHA256, &e.ChecksumSHA512, &e.ChecksumMD5)
		}
		out.Parts = append(out.Parts, e)
		out.NextPartNumberMarker = e.PartNumber
	}
	return out, nil
}

// ListMultipartUploads lists a bucket's uploads under way.
func (s *Service) ListMultipartUploads(ctx context.Context, in *api.ListMultipartUploadsInput) (*api.ListMultipartUploadsOutput, error) {
	b, err := s.owned(ctx, *in.Bucket, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	limit, err := pageSize("max-uploads", in.MaxUploads, maxKeys)
	if err != nil {
		return nil, err
	}
	encode, err := encoder(in.EncodingType)
	if err != nil {
		return nil, err
	}
	l := listing{bucket: b.ID, prefix: awsapi.Val(in.Prefix), delimiter: awsapi.Val(in.Delimiter), after: awsapi.Val(in.KeyMarker)}
	out := &api.ListMultipartUploadsOutput{
		Bucket: &b.Name, KeyMarker: new(encode(l.after)), UploadIdMarker: new(awsapi.Val(in.UploadIdMarker)), Prefix: new(encode(l.prefix)),
		MaxUploads: new(int32(limit)), IsTruncated: new(false), EncodingType: in.EncodingType,
	}
	if l.delimiter != "" {
		out.Delimiter = new(encode(l.delimiter))
	}
	if limit == 0 {
		return out, nil
	}
	afterKey, afterID := l.after, awsapi.Val(in.UploadIdMarker)
	if l.after != "" && afterID == "" {
		afterID = "\xff" // after every upload of that key
	}
	if l.after < l.prefix {
		afterKey, afterID = l.prefix, ""
	}
	if c := l.common(l.after); c != "" && c == l.after {
		afterKey, afterID = successor(c), ""
	}
	n, seen := 0, ""
	for {
		uploads, err := s.index.Uploads(b.ID, afterKey, afterID, maxKeys)
		if err != nil {
			return nil, err
		}
		for _, u := range uploads {
			afterKey, afterID = u.Key, u.ID
			if !strings.HasPrefix(u.Key, l.prefix) {
				return out, nil
			}
			common := l.common(u.Key)
			if common != "" && common == seen {
				continue
			}
			if n == limit {
				out.IsTruncated = new(true)
				return out, nil
			}
			n++
			if common != "" {
				seen = common
				out.CommonPrefixes = append(out.CommonPrefixes, &api.CommonPrefix{Prefix: new(encode(common))})
				out.NextKeyMarker, out.NextUploadIdMarker = new(encode(common)), new("")
				continue
			}
			e := &api.MultipartUpload{
				UploadId: &u.ID, Key: new(encode(u.Key)), Initiated: &awsapi.Time{Time: u.Initiated}, StorageClass: &u.Doc.Class, Owner: owner(u.Doc.Account),
				Initiator: &api.Initiator{ID: text(u.Doc.Initiator), DisplayName: text(u.Doc.Account)},
			}
			if u.Doc.Stated {
				e.ChecksumAlgorithm, e.ChecksumType = &u.Doc.Algorithm, &u.Doc.ChecksumType
			}
			out.Uploads = append(out.Uploads, e)
			out.NextKeyMarker, out.NextUploadIdMarker = e.Key, e.UploadId
		}
		if len(uploads) < maxKeys {
			return out, nil
		}
	}
}
