// Package warehouse is the warehouse behind Redshift's two doors, the PostgreSQL protocol and the
// Data API: databases, users and grants, sessions with their settings and transactions, the system
// catalog, COPY, and external schemas over the lake's catalog.
//
// A database is a DuckDB file. What DuckDB does not keep of a table (lengths, keys, encodings,
// owners, grants, comments, object ids, views) lives in the same file, in the schema _tarn, so that
// it changes in the same transaction as the table. Users and the list of databases belong to the
// cluster and live in the metadata store.
//
// It does not parse SQL (package sql), speak a protocol (package wire), nor read the lake's files
// (package table).
package warehouse
