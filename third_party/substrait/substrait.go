// Package substrait stands in for the module of this name, which is nothing but
// embedded files: the definitions of some 500 functions, which iceberg-go parses
// before main begins, for the dozen that a filter of Iceberg can hold. Those are here;
// DuckDB evaluates filters in tarn. docs/adr/0004 has the figures.
package substrait

import "embed"

//go:embed extensions/*
var extensions embed.FS

// GetSubstraitFS answers a file system with the folder extensions.
func GetSubstraitFS() embed.FS { return extensions }

// GetSubstraitExtensionsFS answers a file system with the folder extensions.
func GetSubstraitExtensionsFS() embed.FS { return extensions }

// GetSubstraitTestsFS answers a file system without test cases.
func GetSubstraitTestsFS() embed.FS { return embed.FS{} }
