// Package cli is the command line: the command tree, its settings, and
// serve.go, the only file that knows every room and puts them together.
//
// It may import every other package; only main imports it.
//
// Invariant: the environment is read here and nowhere below; the other rooms
// receive their configuration as values.
package cli
