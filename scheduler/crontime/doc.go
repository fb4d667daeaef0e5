// Package crontime says when a cron schedule fires: pure functions of a
// schedule, a time zone and a time.
//
// It may import nothing of PiCloud, and embeds the time zone database.
//
// Invariant: each slot is one instant. A schedule with fixed hours fires each
// of its local times once a day, also through both changes of the clocks.
package crontime
