package http

import (
	"strings"
	"sync/atomic"
)

// requestKind divides requests by who answers them.
type requestKind int

const (
	scriptRequests  requestKind = iota // user routes
	executeRequests                    // /api/v1/execute
	adminRequests                      // the control plane
	otherRequests                      // the page, health, metrics
	requestKinds
)

var requestKindNames = [requestKinds]string{"scripts", "execute", "admin", "other"}

// statusClasses are 1xx to 5xx.
const statusClasses = 5

// requestCounts counts answers by who gave them and the class of their status.
type requestCounts [requestKinds][statusClasses]atomic.Int64

func (c *requestCounts) add(kind requestKind, status int) {
	if class := status/100 - 1; class >= 0 && class < statusClasses {
		c[kind][class].Add(1)
	}
}

// platformKind is the kind of a request that Echo's router answers.
func platformKind(path string) requestKind {
	if strings.HasPrefix(path, "/api/") {
		return adminRequests
	}
	return otherRequests
}
