package runtime

import (
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/meter"
)

// origin is where in a script an error arose.
type origin struct {
	script    string
	line      int
	traceback string
}

// originOf reads the frames that an uncaught error has left on the stack. The
// place that the message itself names wins over the innermost frame, because
// error with a level blames a caller.
func originOf(L *lua.LState, message string) origin {
	traceback := clipText(strings.ToValidUTF8(meter.Traceback(L), "\uFFFD"), maxErrorText)
	if script, line, ok := placeIn(message); ok && strings.Contains(traceback, "\n\t"+script+":") {
		return origin{script, line, traceback}
	}
	for level := range strings.Lines(traceback) {
		if script, line, ok := placeIn(strings.TrimPrefix(level, "\t")); ok {
			return origin{script, line, traceback}
		}
	}
	return origin{traceback: traceback}
}

// placeIn reads text that begins "script:LINE:". The name of a script has no colon.
func placeIn(text string) (script string, line int, ok bool) {
	script, rest, _ := strings.Cut(text, ":")
	digits, _, found := strings.Cut(rest, ":")
	if !found || script == "" {
		return "", 0, false
	}
	line, err := strconv.Atoi(digits)
	return script, line, err == nil && line > 0
}
