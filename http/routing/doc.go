// Package routing decides which route answers a request: patterns as people
// write them, the conflicts between them, and an immutable table to look
// requests up in (spec 2, "Routing"; spec 8, "Routing").
//
// It is pure and imports the standard library only.
//
// Invariant: which route a Table finds depends on the set of routes and on the
// request alone, never on the order in which the routes were added.
package routing
