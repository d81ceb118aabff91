package s3

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"syscall"

	"github.com/mattn/go-sqlite3"

	api "tarn/api/s3"
	"tarn/internal/awsapi"
)

// The errors that S3 answers and its model does not list, with S3's own texts.

func fail(status int, code, format string, args ...any) *awsapi.Error {
	return awsapi.NewError(code, status, "message", format, args...)
}

// number is how a number is put into an error's members.
func number[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func noSuchBucket(name string) *awsapi.Error {
	return api.NoSuchBucket("The specified bucket does not exist").With("BucketName", name)
}

func noSuchKey(key string) *awsapi.Error {
	return api.NoSuchKey("The specified key does not exist.").With("Key", key)
}

func noSuchUpload(id string) *awsapi.Error {
	return api.NoSuchUpload("The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or completed.").
		With("UploadId", id)
}

func invalidArgument(name, value, format string, args ...any) *awsapi.Error {
	return fail(http.StatusBadRequest, "InvalidArgument", format, args...).With("ArgumentName", name).With("ArgumentValue", value)
}

func preconditionFailed(condition string) *awsapi.Error {
	return fail(http.StatusPreconditionFailed, "PreconditionFailed", "At least one of the pre-conditions you specified did not hold").
		With("Condition", condition)
}

func accessDenied() *awsapi.Error { return api.AccessDenied("Access Denied") }

// notHere refuses what would be a lie to accept.
func notHere(what string) *awsapi.Error {
	return fail(http.StatusNotImplemented, "NotImplemented", "A header you provided implies functionality that is not implemented").
		With("Header", what)
}

// storageError turns an error of the disk into an answer: a full one is the user's to deal with, and retrying does
// not help, which clients do after a 500 or 503.
func storageError(err error) error {
	var sq sqlite3.Error
	full := errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.As(err, &sq) && sq.Code == sqlite3.ErrFull
	if full {
		return fail(http.StatusInsufficientStorage, "InsufficientStorage", "The disk of the lake is full; nothing was stored.").
			WithHint("Free some space in the data folder and try again.")
	}
	return err
}

// bodyError turns an error of reading a request's body into S3's answer.
func bodyError(ctx context.Context, err error) error {
	var e *awsapi.Error
	switch {
	case errors.As(err, &e):
		return err
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fail(http.StatusBadRequest, "IncompleteBody", "You did not provide the number of bytes specified by the Content-Length HTTP header.")
	case ctx.Err() != nil:
		return ctx.Err()
	}
	return fail(http.StatusBadRequest, "RequestTimeout", "Your socket connection to the server was not read from or written to within the timeout period.")
}
