// Package s3 is the lake: S3's API on a local disk.
//
// It owns buckets, objects, multipart uploads, their events, and the folder they lie in: immutable blobs (package
// blob) and an ordered index of what they hold (package index). A write is one new blob, made durable, and then one
// transaction with the object's row and its event; so what was answered is safe, a reader keeps the bytes it has
// opened while the key is overwritten, and a crash leaves nothing half. It also serves the rest of the program
// through Lake: pinned local files in place of copies.
//
// It does not own the wire format, signatures and policies (awsapi, identity), nor what objects mean (table).
package s3
