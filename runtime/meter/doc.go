// Package meter counts what a running script uses and stops it at its limits.
//
// A [Meter] is the context of every Lua thread of one state. The interpreter
// asks that context before each instruction whether it is done; the meter
// counts the question and answers no until a limit is reached. Once a monitor
// tick the running script itself looks at the clock and at memory.
//
// It imports gopher-lua and nothing of PiCloud. Its invariant: a limit that was
// reached stays reached, so that every later instruction and every later charge
// of the same run raises again.
package meter
