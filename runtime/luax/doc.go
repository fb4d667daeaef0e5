// Package luax turns JSON into Lua values and back without a Go value in
// between, freezes tables that scripts may only read, and reads the arguments
// of SDK functions.
//
// It may import runtime/meter and nothing else of PiCloud.
//
// Invariant: every loop over a script's data charges the meter, and nothing
// here calls a metamethod.
package luax
