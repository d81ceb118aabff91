// Package identity knows who may do what: the account, its users, roles and
// access keys, temporary sessions, and the policies that limit them. It answers
// IAM's and STS's operations, tells awsapi whose a key is (Key), decides on
// every call (Authorize), and issues the temporary keys that jobs run with.
//
// It does not own signatures (awsapi) nor what an operation needs beyond the
// table in access.go. Secrets are sealed before they reach the store.
package identity
