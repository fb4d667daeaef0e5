// Package pattern matches Lua 5.1 patterns (reference manual 5.4.1) against
// byte strings. It imports only the standard library.
//
// Its one invariant: no subject and no pattern makes it panic, recurse deeper
// than MaxDepth, or run for long without calling the work function it was given.
package pattern
