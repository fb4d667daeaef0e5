// Package client calls the HTTP API: one method for each call that the command
// line makes, in the API's own shapes.
//
// It may import store, for the shapes of answers.
//
// Invariant: each method is one call that openapi.json describes, with no field
// that it does not; a test holds every method to the document. Lists are read
// to their end.
package client
