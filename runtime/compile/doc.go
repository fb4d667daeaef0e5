// Package compile turns Lua source into a prototype that all states share, or
// says what is wrong with it and where.
//
// Source is bounded before the parser sees it, because deep nesting ends the
// process inside parser and compiler, where no recover helps. The syntax tree is
// then rewritten around faults of gopher-lua 1.1.2, compiled, and the prototype
// patched and trimmed.
//
// It imports gopher-lua and nothing of PiCloud. Its invariant: any input gives a
// program or an [*Error] with a line and a column, in less than about 0.3 s.
package compile
