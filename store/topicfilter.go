package store

import (
	"strings"
	"unicode/utf8"
)

// checkTopic reports whether topic may be published: 1 to 512 bytes of UTF-8
// without NUL and without the wildcards + and # (MQTT 5.0, 4.7).
func checkTopic(topic string) error {
	switch {
	case len(topic) < 1 || len(topic) > maxTopicBytes:
		return Errorf(KindInvalid, "invalid_topic", "a topic is 1 to %d bytes long", maxTopicBytes)
	case !utf8.ValidString(topic) || strings.ContainsRune(topic, 0):
		return Errorf(KindInvalid, "invalid_topic", "a topic must be UTF-8 text without NUL")
	case strings.ContainsAny(topic, "+#"):
		return Errorf(KindInvalid, "invalid_topic", "a topic has no wildcards; + and # belong into a trigger's filter")
	}
	return nil
}

// checkTopicFilter reports whether filter is well-formed: 1 to 512 bytes of
// UTF-8 without NUL; + stands for one whole level, # is the whole last level
// and stands for any number of levels (MQTT 5.0, 4.7.1).
func checkTopicFilter(filter string) error {
	switch {
	case len(filter) < 1 || len(filter) > maxTopicBytes:
		return Errorf(KindInvalid, "invalid_topic", "a topic filter is 1 to %d bytes long", maxTopicBytes)
	case !utf8.ValidString(filter) || strings.ContainsRune(filter, 0):
		return Errorf(KindInvalid, "invalid_topic", "a topic filter must be UTF-8 text without NUL")
	}
	rest, more := filter, true
	for more {
		var level string
		level, rest, more = strings.Cut(rest, "/")
		switch {
		case strings.Contains(level, "#") && (level != "#" || more):
			return Errorf(KindInvalid, "invalid_topic", "in a topic filter # stands alone in the last level, as in home/#")
		case strings.Contains(level, "+") && level != "+":
			return Errorf(KindInvalid, "invalid_topic", "in a topic filter + stands alone in its level, as in home/+/temperature")
		}
	}
	return nil
}

// matchTopic reports whether a well-formed filter matches a topic by MQTT's
// rules: # also matches its parent level, and neither wildcard at the start
// matches a topic that begins with $ (MQTT 5.0, 4.7.1 and 4.7.2).
func matchTopic(filter, topic string) bool {
	if strings.HasPrefix(topic, "$") && (filter[0] == '+' || filter[0] == '#') {
		return false
	}
	moreFilter, moreTopic := true, true
	for moreFilter {
		var wanted, level string
		wanted, filter, moreFilter = strings.Cut(filter, "/")
		if wanted == "#" {
			return true
		}
		if !moreTopic {
			return false
		}
		level, topic, moreTopic = strings.Cut(topic, "/")
		if wanted != "+" && wanted != level {
			return false
		}
	}
	return !moreTopic
}
