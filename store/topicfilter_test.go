package store

import (
	"strings"
	"testing"
)

func TestMatchTopic(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		filter, topic string
		want          bool
	}{
		{"home/+/temperature", "home/hall/temperature", true},
		{"home/+/temperature", "home/hall/attic/temperature", false},
		{"home/+/temperature", "home//temperature", true},
		{"home/#", "home", true},
		{"home/#", "home/", true},
		{"home/#", "home/hall/temperature", true},
		{"home/#", "homes", false},
		{"home/+", "home", false},
		{"home/+", "home/", true},
		{"+", "home", true},
		{"+", "/home", false},
		{"/+", "/home", true},
		{"+/+", "/home", true},
		{"#", "a/b/c", true},
		{"#", "$SYS/uptime", false},
		{"+/uptime", "$SYS/uptime", false},
		{"$SYS/#", "$SYS/uptime", true},
		{"home", "home", true},
		{"home", "Home", false},
		{"home/", "home", false},
	} {
		if got := matchTopic(c.filter, c.topic); got != c.want {
			t.Errorf("%q matches %q: %v", c.filter, c.topic, got)
		}
	}
}

func TestCheckTopicFilter(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"a", "#", "+", "a/#", "+/b/#", "/", "a//b", strings.Repeat("a", 512)} {
		if err := checkTopicFilter(good); err != nil {
			t.Errorf("%q: %v", good, err)
		}
	}
	for _, bad := range []string{"", "#/a", "a#", "a/#b", "a+", "+a/b", "a/b+/c", "##", "a\x00", "\xff", strings.Repeat("a", 513)} {
		wantCode(t, checkTopicFilter(bad), KindInvalid, "invalid_topic")
	}
}

// FuzzTopicFilter holds matchTopic against a slow matcher that tries every
// way, for every filter that is accepted.
func FuzzTopicFilter(f *testing.F) {
	f.Add("home/+/#", "home/hall")
	f.Add("#", "$SYS")
	f.Add("+//", "a//")
	f.Fuzz(func(t *testing.T, filter, topic string) {
		if checkTopicFilter(filter) != nil || checkTopic(topic) != nil {
			return
		}
		want := matchLevels(strings.Split(filter, "/"), strings.Split(topic, "/"))
		if topic[0] == '$' && strings.IndexByte("+#", filter[0]) >= 0 {
			want = false
		}
		if got := matchTopic(filter, topic); got != want {
			t.Errorf("%q matches %q: %v", filter, topic, got)
		}
	})
}

func matchLevels(filter, topic []string) bool {
	switch {
	case len(filter) == 0:
		return len(topic) == 0
	case filter[0] == "#":
		return true
	case len(topic) == 0 || filter[0] != "+" && filter[0] != topic[0]:
		return false
	}
	return matchLevels(filter[1:], topic[1:])
}
