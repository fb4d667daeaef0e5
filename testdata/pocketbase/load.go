package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"net"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

const connections = 32

// rate posts a body total times over 32 kept connections and returns how many
// requests a second were answered with 200. The client parses only what it
// must, so that most of the machine is left to the server.
func rate(addr, path, body string, total int) (float64, error) {
	request := []byte("POST " + path + " HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: load\r\nAccept: */*\r\n" +
		"Content-Type: application/json\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body)
	var left atomic.Int64
	left.Store(int64(total))
	failures := make(chan error, connections)
	var clients sync.WaitGroup
	began := time.Now()
	for range connections {
		clients.Go(func() {
			if err := client(addr, request, &left); err != nil {
				failures <- err
			}
		})
	}
	clients.Wait()
	took := time.Since(began)
	close(failures)
	return float64(total) / took.Seconds(), <-failures
}

func client(addr string, request []byte, left *atomic.Int64) error {
	connection, err := net.Dial("tcp", addr)
	if err != nil {
		return err
	}
	defer connection.Close()
	reader := bufio.NewReaderSize(connection, 8<<10)
	for left.Add(-1) >= 0 {
		if _, err := connection.Write(request); err != nil {
			return err
		}
		if err := skipAnswer(reader); err != nil {
			return err
		}
	}
	return nil
}

// skipAnswer reads one answer to its end, which its Content-Length gives.
func skipAnswer(r *bufio.Reader) error {
	status, err := r.ReadSlice('\n')
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(status, []byte("HTTP/1.1 200 ")) {
		return fmt.Errorf("the answer is %q", status)
	}
	length := -1
	for {
		line, err := r.ReadSlice('\n')
		if err != nil {
			return err
		}
		if len(line) <= len("\r\n") {
			break
		}
		if name, value, _ := bytes.Cut(line, []byte(":")); bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil {
				return err
			}
		}
	}
	if length < 0 {
		return errors.New("the answer has no Content-Length")
	}
	_, err = r.Discard(length)
	return err
}
