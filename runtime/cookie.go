package runtime

import "strings"

// eachCookie calls use with every cookie of the Cookie headers. It takes what
// devices send and net/http refuses: odd characters in values, missing spaces.
func eachCookie(lines []string, use func(name, value string)) {
	for _, line := range lines {
		for line != "" {
			var pair string
			pair, line, _ = strings.Cut(line, ";")
			name, value, found := strings.Cut(strings.TrimSpace(pair), "=")
			if name = strings.TrimSpace(name); !found || name == "" {
				continue
			}
			use(name, unquote(strings.TrimSpace(value)))
		}
	}
}

func unquote(s string) string {
	if len(s) >= 2 && s[0] == '"' && s[len(s)-1] == '"' {
		return s[1 : len(s)-1]
	}
	return s
}
