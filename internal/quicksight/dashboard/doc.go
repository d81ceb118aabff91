// Package dashboard owns dashboards: their operations, versions and checks, the users that they are shared with, and the queries of
// their visuals and controls for the console.
//
// A definition is kept as it came, member for member; what is not understood survives. It does not own data sets, which it reaches
// through DataSets, nor the translation of visuals to SQL (query).
package dashboard
