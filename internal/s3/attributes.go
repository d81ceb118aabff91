package s3

import (
	"context"
	"slices"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
	"tarn/internal/s3/checksum"
)

// GetObjectAttributes answers what was asked for of an object without its bytes.
func (s *Service) GetObjectAttributes(ctx context.Context, in *api.GetObjectAttributesInput) (*api.GetObjectAttributesOutput, error) {
	o, err := s.current(ctx, *in.Bucket, *in.Key, in.VersionId, in.ExpectedBucketOwner)
	if err != nil {
		return nil, err
	}
	asked := func(attribute string) bool { return slices.Contains(in.ObjectAttributes, attribute) }
	out := &api.GetObjectAttributesOutput{LastModified: &awsapi.Time{Time: o.Modified}}
	if asked(api.ObjectAttributesETag) {
		out.ETag = &o.ETag // without quotes, here alone
	}
	if asked(api.ObjectAttributesObjectSize) {
		out.ObjectSize = &o.Size
	}
	if asked(api.ObjectAttributesStorageClass) {
		out.StorageClass = &o.Class
	}
	algorithm := checksum.Algorithm(o.Algorithm)
	if asked(api.ObjectAttributesChecksum) && o.Doc.Checksum != "" {
		c := &api.Checksum{ChecksumType: text(o.ChecksumType)}
		setSum(algorithm, o.Doc.Checksum, &c.ChecksumCRC32, &c.ChecksumCRC32C, &c.ChecksumCRC64NVME, &c.ChecksumSHA1, &c.ChecksumSHA256,
			&c.ChecksumSHA512, &c.ChecksumMD5)
		out.Checksum = c
	}
	if !asked(api.ObjectAttributesObjectParts) || len(o.Doc.Parts) == 0 {
		return out, nil
	}
	limit, err := pageSize("max-parts", in.MaxParts, listedParts)
	if err != nil {
		return nil, err
	}
	after := awsapi.Val(in.PartNumberMarker)
	parts := &api.GetObjectAttributesParts{
		TotalPartsCount: count(len(o.Doc.Parts)), PartNumberMarker: &after, MaxParts: new(int32(limit)), IsTruncated: new(false),
	}
	out.ObjectParts = parts
	for i := range o.Doc.Parts {
		p := &o.Doc.Parts[i]
		if p.Checksum == "" || int32(p.Number) <= after {
			continue // S3 lists parts only of uploads that named a checksum
		}
		if len(parts.Parts) == limit {
			parts.IsTruncated = new(true)
			break
		}
		e := &api.ObjectPart{PartNumber: new(int32(p.Number)), Size: &p.Size}
		setSum(algorithm, p.Checksum, &e.ChecksumCRC32, &e.ChecksumCRC32C, &e.ChecksumCRC64NVME, &e.ChecksumSHA1, &e.ChecksumSHA256,
			&e.ChecksumSHA512, &e.ChecksumMD5)
		parts.Parts = append(parts.Parts, e)
		parts.NextPartNumberMarker = e.PartNumber
	}
	return out, nil
}
