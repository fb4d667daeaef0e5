package http

import (
	"io/fs"
	"strconv"
	"strings"
)

// pageEncodings are the compressed forms a page's file may have beside it, the
// smaller one first.
var pageEncodings = [][2]string{{"br", ".br"}, {"gzip", ".gz"}}

// encodedFile returns the form of a file to send: a compressed sibling that
// exists and that the client accepts, else the file itself.
func encodedFile(files fs.FS, name string, accept []string) (file, encoding string) {
	for _, form := range pageEncodings {
		if !accepts(accept, form[0]) {
			continue
		}
		if _, err := fs.Stat(files, name+form[1]); err == nil {
			return name + form[1], form[0]
		}
	}
	return name, ""
}

// accepts reports whether Accept-Encoding admits a coding (RFC 9110, section
// 12.5.3): by name, else by "*", and not with a weight of 0.
func accepts(accept []string, coding string) bool {
	star := false
	for _, item := range strings.Split(strings.Join(accept, ","), ",") {
		name, parameters, _ := strings.Cut(item, ";")
		name = strings.ToLower(strings.TrimSpace(name))
		switch {
		case name == coding || name == "x-"+coding:
			return weight(parameters) > 0
		case name == "*":
			star = weight(parameters) > 0
		}
	}
	return star
}

// weight reads "q=0.5"; 1 when there is none, 0 when it cannot be read.
func weight(parameters string) float64 {
	for _, parameter := range strings.Split(parameters, ";") {
		name, value, _ := strings.Cut(parameter, "=")
		if !strings.EqualFold(strings.TrimSpace(name), "q") {
			continue
		}
		q, err := strconv.ParseFloat(strings.TrimSpace(value), 64)
		if err != nil || !(q >= 0 && q <= 1) {
			return 0
		}
		return q
	}
	return 1
}
