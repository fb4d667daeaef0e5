// Package manual writes the description of what scripts see for people and for
// their tools: docs/sdk.md, and annotations for the Lua language server.
//
// It may import runtime.
//
// Invariant: what it writes comes from a runtime.Description alone, and is the
// same each time for the same one.
package manual
