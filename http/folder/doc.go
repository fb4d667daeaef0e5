// Package folder turns an app into files and back: app.toml, scripts/NAME.lua
// and modules/NAME.lua (spec 7). It knows the form of the files and where in
// them each field stands, not what the fields mean.
//
// It is pure and imports the TOML library and the standard library only.
//
// Invariant: what Write makes of an app depends on the app alone, and Read
// finds all of it again.
package folder
