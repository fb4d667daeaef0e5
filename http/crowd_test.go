package http

import (
	"io"
	nethttp "net/http"
	"sync"
	"sync/atomic"
	"testing"
)

// crowd calls one URL over 100 connections until, after taken, wanted requests
// were refused with the right status.
type crowd struct {
	t                   *testing.T
	url, authorization  string
	status, wanted      int
	client              *nethttp.Client
	taken               atomic.Bool
	warm, refused, late atomic.Int64
	group               sync.WaitGroup
}

func newCrowd(t *testing.T, url, authorization string, status, wanted int) *crowd {
	c := &crowd{t: t, url: url, authorization: authorization, status: status, wanted: wanted,
		client: &nethttp.Client{Transport: &nethttp.Transport{MaxIdleConnsPerHost: crowdSize, MaxConnsPerHost: crowdSize}}}
	for range crowdSize {
		c.group.Go(c.run)
	}
	return c
}

// run is one connection.
func (c *crowd) run() {
	for c.refused.Load() < int64(c.wanted) && c.late.Load() == 0 {
		after := c.taken.Load() // before the request begins
		status, err := c.call()
		switch {
		case err != nil || status != 200 && status != c.status:
			c.t.Errorf("status %d, %v", status, err)
			return
		case status == 200 && after:
			c.late.Add(1)
		case status == 200:
			c.warm.Add(1)
		case after:
			c.refused.Add(1)
		}
	}
}

func (c *crowd) call() (int, error) {
	request, err := nethttp.NewRequest("GET", c.url, nil)
	if err != nil {
		return 0, err
	}
	request.Header.Set("Authorization", c.authorization)
	response, err := c.client.Do(request)
	if err != nil {
		return 0, err
	}
	defer response.Body.Close()
	_, err = io.Copy(io.Discard, response.Body)
	return response.StatusCode, err
}

// warmUp waits until each connection has been let through about once.
func (c *crowd) warmUp() {
	for c.warm.Load() < crowdSize {
		if status, err := c.call(); err != nil || status != 200 {
			c.t.Fatalf("before anything was taken away: %d, %v", status, err)
		}
	}
}

func (c *crowd) wait() {
	c.group.Wait()
	c.client.CloseIdleConnections()
}
