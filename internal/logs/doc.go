// Package logs answers CloudWatch Logs for the logs of tarn's own runs, and for whoever writes events to it.
//
// A stream is a file: DIR/ACCOUNT/GROUP/STREAM.log, a line an event, appended and never changed. The package owns
// those files and the operations that read them; it does not know what a job is.
package logs
