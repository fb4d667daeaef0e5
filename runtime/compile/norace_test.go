//go:build !race

package compile_test

// slower is what the race detector may cost.
const slower = 1
