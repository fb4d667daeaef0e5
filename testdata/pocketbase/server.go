package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/pocketbase/pocketbase"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"
)

const recordsPath = "/api/collections/records/records"

// servePocketBase is a PocketBase with one collection that anybody may create
// records in, and everything else as it comes.
func servePocketBase() error {
	app := pocketbase.New()
	app.OnServe().BindFunc(func(e *core.ServeEvent) error {
		if _, err := e.App.FindCollectionByNameOrId("records"); err != nil {
			c := core.NewBaseCollection("records")
			c.CreateRule = types.Pointer("")
			c.Fields.Add(&core.TextField{Name: "body"})
			if err := e.App.Save(c); err != nil {
				return err
			}
		}
		return e.Next()
	})
	return app.Start()
}

// server is a child process that listens at an address.
type server struct {
	command *exec.Cmd
	addr    string
	output  *bufio.Reader
}

// startServer runs a program that takes the address as its last argument.
func startServer(name string, arguments ...string) (*server, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &server{addr: listener.Addr().String()}
	if err := listener.Close(); err != nil {
		return nil, err
	}
	s.command = exec.Command(name, append(arguments, s.addr)...)
	output, err := s.command.StdoutPipe()
	if err != nil {
		return nil, err
	}
	s.output = bufio.NewReader(output)
	return s, s.command.Start()
}

// answers waits until the server accepts connections.
func (s *server) answers() error {
	for deadline := time.Now().Add(30 * time.Second); ; {
		connection, err := net.Dial("tcp", s.addr)
		if err == nil {
			return connection.Close()
		}
		if time.Now().After(deadline) {
			return err
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (s *server) stop() error {
	if err := s.command.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	return s.command.Wait()
}

func startPocketBase(dir string) (*server, error) {
	own, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := startServer(own, "serve", "--dir", filepath.Join(dir, "pocketbase"), "--http")
	if err != nil {
		return nil, err
	}
	go io.Copy(io.Discard, s.output) //nolint:errcheck // until it ends
	return s, s.answers()
}

// startPiCloud starts a fresh instance with a script for each source, at the
// path of its name.
func startPiCloud(binary, dir string, scripts map[string]string) (*server, error) {
	s, err := startServer(binary, "serve", "--data", filepath.Join(dir, "picloud"), "--addr")
	if err != nil {
		return nil, err
	}
	setup, err := s.setupToken()
	if err != nil {
		return s, err
	}
	go io.Copy(io.Discard, s.output) //nolint:errcheck // until it ends
	if err := s.answers(); err != nil {
		return s, err
	}
	owner := map[string]any{"token": setup, "username": "ada", "password": "correct horse battery"}
	session, err := s.call("", "auth/setup", owner)
	if err != nil {
		return s, err
	}
	token := fmt.Sprint(session["token"])
	for name, source := range scripts {
		script, err := s.call(token, "apps/default/scripts", map[string]any{"name": name, "source": source})
		if err != nil {
			return s, err
		}
		if _, err = s.call(token, fmt.Sprint("scripts/", script["id"], "/routes"), map[string]any{"method": "POST", "path": "/" + name}); err != nil {
			return s, err
		}
	}
	return s, nil
}

// setupToken reads the token that a fresh instance prints.
func (s *server) setupToken() (string, error) {
	for {
		line, err := s.output.ReadString('\n')
		if _, after, found := strings.Cut(line, "#setup="); found {
			token, _, _ := strings.Cut(strings.TrimSpace(after), " ")
			return token, nil
		}
		if err != nil {
			return "", errors.Join(errors.New("picloud printed no setup token"), err)
		}
	}
}

// call makes one call of PiCloud's control plane.
func (s *server) call(token, path string, body map[string]any) (map[string]any, error) {
	text, err := json.Marshal(body)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequest("POST", "http://"+s.addr+"/api/v1/admin/"+path, bytes.NewReader(text))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/json")
	if token != "" {
		request.Header.Set("Authorization", "Bearer "+token)
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	answer := make(map[string]any)
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	if response.StatusCode >= http.StatusBadRequest {
		return nil, fmt.Errorf("%s answered %s: %v", path, response.Status, answer)
	}
	return answer, nil
}
