package s3

import (
	"context"

	"tarn/internal/awsapi"
	"tarn/internal/s3/checksum"
)

// CheckDocument holds the document of a request, such as the list of keys to delete, to the digests that its headers
// and trailers state.
func (s *Service) CheckDocument(ctx context.Context, op string, body []byte) error {
	r := awsapi.RequestFrom(ctx)
	if r == nil {
		return nil
	}
	header := func(name string) *string { return text(r.Header.Get(name)) }
	var sums statedSums
	if op != "CompleteMultipartUpload" { // states the checksum of the object, not of the list of its parts
		for i, a := range sumAlgorithms() {
			sums[i] = header(a.Header())
		}
	}
	x, err := expect(ctx, header("Content-MD5"), nil, nil, sums)
	if err != nil || x.md5 == "" && x.algorithm == "" {
		return err
	}
	var algorithms []checksum.Algorithm
	if x.algorithm != "" {
		algorithms = append(algorithms, x.algorithm)
	}
	set := checksum.NewSet(algorithms...)
	set.Write(body)
	return x.verify(ctx, set)
}
