// Package wire speaks PostgreSQL's protocol, version 3, the way Redshift does: start-up, password
// exchange, simple and extended queries, portals, cancel requests, errors and notices, and the
// encoding of values.
//
// It does not know SQL, a catalog or an engine: a [Backend] knows the users and opens a [Session],
// and the session turns statements into rows of Go values.
package wire
