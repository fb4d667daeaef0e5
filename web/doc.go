// Package web carries the admin page: the built single-page app from dist, or
// a page that says how to build it.
//
// It may import nothing of PiCloud.
//
// Invariant: Files always has an index.html, and nothing in it needs more than
// the policy "default-src 'self'": no inline script, no inline style, no data
// URI, no address of another host.
package web
