// Package egress is everything that leaves the instance on behalf of a script:
// a guarded HTTP client, and mail through the configured server.
//
// It may import nothing of PiCloud.
//
// Invariant: every connection that a script causes is judged by the address
// that is dialled, after resolution and on every hop, and a connection is
// reused only by calls of the same app under the same openings that it was
// dialled under.
package egress
