package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// fileCall is a system call by which a watched process changed, or with reads
// watched looked at, the files of a folder; or a line that it reported.
type fileCall struct {
	kind   callKind
	path   string // relative to the folder; "." is the folder itself
	to     string // of a rename
	offset int64  // of a write; the length of a truncate
	data   []byte // of a write, or the line
	cut    bool   // an open that also empties the file
}

type callKind string

const (
	callRead     callKind = "read"
	callWrite    callKind = "write"
	callTruncate callKind = "truncate"
	callSync     callKind = "sync"
	callOpen     callKind = "open" // one that may make the file
	callRename   callKind = "rename"
	callRemove   callKind = "remove"
	callReport   callKind = "report" // a line that the process wrote to its standard output
)

// watched is a child process of which every call that changes a file is first
// shown to this one, which lets it pass or fails it. The kernel asks (seccomp,
// user notification), so nothing that the process does to a file can be missed,
// whether SQLite does it or store itself.
type watched struct {
	folder   string
	command  *exec.Cmd
	errors   bytes.Buffer // its standard error
	listener int
	// fault decides about each call except reports: 0 lets it pass.
	fault func(fileCall) syscall.Errno
	calls []fileCall
}

const (
	watchedRole   = "PICLOUD_TEST_WATCHED"        // names one of watchedRoles
	watchedFolder = "PICLOUD_TEST_WATCHED_FOLDER" // what it works on
	watchReads    = "PICLOUD_TEST_WATCHED_READS"  // not empty: reads are shown too
)

// watchedRoles are what a child can do.
var watchedRoles = map[string]func(folder string) error{
	"power": writeForPowerCuts,
	"fault": writeWithFaults,
}

func init() {
	childRoles[watchedRole] = func(role string) {
		err := errors.Join(askBeforeFileCalls(os.Getenv(watchReads) != ""), watchedRoles[role](os.Getenv(watchedFolder)))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// report tells the watching process something, in order with the file calls.
func report(format string, arguments ...any) {
	fmt.Printf(format+"\n", arguments...)
}

// watch runs a role on a folder to its end. Its error is how the process ended.
func watch(t testing.TB, w *watched, role string, environment ...string) error {
	t.Helper()
	pair := must[[2]int](t)(unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0))
	theirs := os.NewFile(uintptr(pair[1]), "listener")
	w.command = exec.Command(os.Args[0])
	w.command.Env = append(append(os.Environ(), watchedRole+"="+role, watchedFolder+"="+w.folder), environment...)
	w.command.Stderr, w.command.ExtraFiles = &w.errors, []*os.File{theirs}
	noError(t, w.command.Start())
	noError(t, theirs.Close())
	listener, err := receiveDescriptor(pair[0])
	noError(t, unix.Close(pair[0]))
	if err != nil {
		_ = w.command.Wait()
		t.Skipf("system calls cannot be watched here: %v %s", err, &w.errors)
	}
	w.listener = listener
	supervised := w.supervise()
	noError(t, unix.Close(listener))
	if supervised != nil {
		_ = w.command.Process.Kill()
	}
	ended := w.command.Wait()
	noError(t, supervised)
	return ended
}

func receiveDescriptor(socket int) (int, error) {
	rights := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), rights, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return 0, err
	}
	messages, err := unix.ParseSocketControlMessage(rights[:n])
	if err != nil || len(messages) == 0 {
		return 0, errors.Join(err, errors.New("the process sent no descriptor"))
	}
	descriptors, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return 0, err
	}
	return descriptors[0], nil
}

// notification and verdict are the kernel's struct seccomp_notif and _resp.
type notification struct {
	id        uint64
	thread    uint32
	_         uint32
	number    int32
	_         uint32
	_         uint64
	arguments [6]uint64
}

type verdict struct {
	id    uint64
	value int64
	errno int32
	flags uint32
}

func ioctl(descriptor int, request uintptr, argument unsafe.Pointer) syscall.Errno {
	_, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(descriptor), request, uintptr(argument))
	return errno
}

// supervise answers until the process has ended.
func (w *watched) supervise() error {
	for {
		ready := []unix.PollFd{{Fd: int32(w.listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err != nil && !errors.Is(err, unix.EINTR) {
			return err
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			if ready[0].Revents != 0 {
				return nil
			}
			continue
		}
		var asked notification
		if errno := ioctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&asked)); errno != 0 {
			continue // a signal took the thread out of its call; it will ask again
		}
		if err := w.answer(&asked); err != nil {
			return err
		}
	}
}

func (w *watched) answer(asked *notification) error {
	call, shown, err := w.decode(asked)
	if err != nil {
		return err
	}
	v := verdict{id: asked.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
	switch {
	case shown && call.kind == callReport:
		v.flags, v.value = 0, int64(len(call.data))
	case shown && w.fault != nil:
		if errno := w.fault(call); errno != 0 {
			v.flags, v.errno, shown = 0, -int32(errno), false
		}
	}
	errno := ioctl(w.listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&v))
	if errno == 0 && shown {
		w.calls = append(w.calls, call)
	}
	if errno != 0 && errno != unix.ENOENT && errno != unix.EINPROGRESS { // ENOENT: as for receiving
		return errno
	}
	return nil
}
