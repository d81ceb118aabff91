// Package dataset owns QuickSight's data sources and data sets: their operations, the transforms that a data set applies to its
// source, ingestions, and the SPICE generations that they build.
//
// It does not own where rows come from: a Source (the warehouse, the lake) is given to it. Nor does it own dashboards, which read a
// data set through Open.
//
// A SPICE generation is a database file of its own. It is built beside the present one, checkpointed and attached read-only; then the
// pointer in the data set's document moves to it, and the old one goes when its last reader has.
package dataset
