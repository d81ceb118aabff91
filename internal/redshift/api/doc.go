// Package api answers the Redshift Data API, and of Redshift's control plane what clients call before
// they connect: the one cluster, and temporary passwords for it.
//
// Statements run in sessions of package warehouse, as the database user that the caller names or is.
// Their records are kept in the metadata store and their results in files, for a day. The package
// owns neither SQL nor users.
package api
