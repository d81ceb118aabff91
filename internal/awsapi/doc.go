// Package awsapi speaks AWS's wire protocols on the server side, and as a small
// client: JSON 1.0 and 1.1, REST-JSON, REST-XML with streaming bodies, and Query.
//
// It owns routing by service, SigV4 (header, presigned URL, aws-chunked) and
// SigV2 presigned, the check of inputs against a service's model, and the wire
// form of answers and errors. It owns no service, no keys and no policies: those
// come through Authenticator and Authorizer. It uses the standard library only.
//
// Shapes, operations and constraints come from the generated packages under
// api/, each of which describes itself in a Model. What the struct tag `aws`
// means is written beside type fieldPlan.
package awsapi
