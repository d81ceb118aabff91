// Package pipeline turns a project folder (tarn.yaml, jobs/, dashboards/) into
// AWS resources, and runs them.
//
// It is a client: whatever it does, it does through AWS's public APIs with the
// generated shapes, so that the same folder is applied to tarn and to AWS. It
// keeps no state file; the resources and their tags are the state. It imports
// no service.
package pipeline
