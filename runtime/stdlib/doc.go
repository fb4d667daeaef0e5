// Package stdlib is what a script sees of Lua's own library (spec 3): base
// functions, string, table, math, coroutine and four functions of os, rewritten
// so that every loop and every large allocation is charged to the run's meter.
// It imports runtime/luax, runtime/meter, runtime/pattern and gopher-lua.
//
// Its one invariant: a Library is built once and shared by all states; after
// Seal nothing writes to it, and no script can, because scripts only reach empty
// frozen tables.
package stdlib
