// Package python carries the Python modules that jobs import: awsglue and tarn_runner.
package python

import "embed"

// Files holds the modules by their paths below this folder. The patterns name files, because a
// folder pattern would leave out names that begin with an underscore.
//
//go:embed awsglue/*.py awsglue/transforms/*.py awsgluedq/*.py awsglueml/*.py tarn_runner/*.py
var Files embed.FS
