// Package http is the edge: it speaks HTTP, knows who calls and what they may
// do, and turns requests into calls of store and runtime.
//
// It may import http/folder, http/routing, runtime, runtime/lint,
// runtime/signature, scheduler/crontime, store and web; no other package
// imports Echo.
//
// Invariant: no route of the control plane exists without a capability, and
// none answers before the caller has shown a credential that grants it. The
// few routes that need none are named, with their reasons, in routes.go.
package http
