// Package logs answers CloudWatch Logs for the logs of tarn's own runs, and for whoever writes events to it.
//
// A stream is a file: DIR/ACCOUNT/GROUP/STREAM.log, a line an event, appended and never changed but by retention, which
// takes whole files and beginnings off. The package owns those files and the operations that read them, which hold no
// more than they answer, however large a file is; it does not know what a job is.
package logs
