// Package deploy holds the files that "picloud install" puts on a machine with
// systemd. It imports nothing of PiCloud.
//
// Its invariant: the unit is text/template source in which only the settings of
// Unit are filled in, so what a reader sees here is what a Pi gets.
package deploy
