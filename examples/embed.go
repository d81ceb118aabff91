// Package examples carries the example projects in the binary, for tarn demo.
package examples

import "embed"

// Flights is the flights project, under "flights".
//
//go:embed flights
var Flights embed.FS
