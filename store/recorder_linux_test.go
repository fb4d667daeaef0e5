package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
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

// On amd64 SQLite's C library uses some calls that newer architectures lack.
const (
	oldOpen   = 2
	oldRename = 82
	oldUnlink = 87
)

func shownCalls(reads bool) []uint32 {
	calls := []uint32{unix.SYS_WRITE, unix.SYS_PWRITE64, unix.SYS_FTRUNCATE, unix.SYS_FSYNC, unix.SYS_FDATASYNC,
		unix.SYS_UNLINKAT, unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2}
	if runtime.GOARCH == "amd64" {
		calls = append(calls, oldRename, oldUnlink)
	}
	if reads {
		calls = append(calls, unix.SYS_PREAD64)
	}
	return calls
}

// askBeforeFileCalls makes the kernel ask the parent, at the other end of
// descriptor 3, before each call of any thread of this process.
func askBeforeFileCalls(reads bool) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := fileCallFilter(shownCalls(reads))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	listener, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_NEW_LISTENER|unix.SECCOMP_FILTER_FLAG_TSYNC|unix.SECCOMP_FILTER_FLAG_TSYNC_ESRCH,
		uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	const parent = 3
	err := unix.Sendmsg(parent, []byte{0}, unix.UnixRights(int(listener)), nil, 0)
	return errors.Join(err, unix.Close(int(listener)), unix.Close(parent))
}

// fileCallFilter is the filter program: calls by their number, and opens that
// may make or empty a file.
func fileCallFilter(calls []uint32) []unix.SockFilter {
	const (
		load, jumpEqual, jumpSet, answer = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K,
			unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K, unix.BPF_RET | unix.BPF_K
		firstArgument, argumentBytes = 16, 8
	)
	filter := []unix.SockFilter{{Code: load, K: 0}}
	for _, call := range calls {
		filter = append(filter, unix.SockFilter{Code: jumpEqual, Jf: 1, K: call}, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_USER_NOTIF})
	}
	// A new or emptied file; the numbered argument has the flags.
	open := func(call uint32, flags uint32) {
		filter = append(filter, unix.SockFilter{Code: jumpEqual, Jf: 4, K: call},
			unix.SockFilter{Code: load, K: firstArgument + flags*argumentBytes}, // little-endian: the low half
			unix.SockFilter{Code: jumpSet, Jf: 1, K: unix.O_CREAT | unix.O_TRUNC},
			unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_USER_NOTIF}, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
	}
	open(unix.SYS_OPENAT, 2)
	if runtime.GOARCH == "amd64" {
		open(oldOpen, 1)
	}
	return append(filter, unix.SockFilter{Code: answer, K: unix.SECCOMP_RET_ALLOW})
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

// decode turns a call into what it does to a file of the folder; shown is
// false for a call that does nothing to one.
func (w *watched) decode(asked *notification) (call fileCall, shown bool, err error) {
	a := asked.arguments
	switch asked.number {
	case unix.SYS_OPENAT:
		return w.named(asked, fileCall{kind: callOpen, cut: a[2]&unix.O_TRUNC != 0}, a[1], 0)
	case unix.SYS_UNLINKAT:
		return w.named(asked, fileCall{kind: callRemove}, a[1], 0)
	case unix.SYS_RENAMEAT, unix.SYS_RENAMEAT2:
		return w.named(asked, fileCall{kind: callRename}, a[1], a[3])
	}
	if runtime.GOARCH == "amd64" {
		switch asked.number {
		case oldOpen:
			return w.named(asked, fileCall{kind: callOpen, cut: a[1]&unix.O_TRUNC != 0}, a[0], 0)
		case oldUnlink:
			return w.named(asked, fileCall{kind: callRemove}, a[0], 0)
		case oldRename:
			return w.named(asked, fileCall{kind: callRename}, a[0], a[1])
		}
	}
	return w.opened(asked)
}

// named completes a call that names its file, at an address in the process.
func (w *watched) named(asked *notification, call fileCall, path, to uint64) (fileCall, bool, error) {
	name, err := w.text(asked, path)
	if err != nil {
		return call, false, err
	}
	call.path = w.relative(name)
	if to != 0 {
		if name, err = w.text(asked, to); err != nil {
			return call, false, err
		}
		call.to = w.relative(name)
	}
	return call, call.path != "", nil
}

// opened completes a call on a descriptor.
func (w *watched) opened(asked *notification) (call fileCall, shown bool, err error) {
	a := asked.arguments
	if asked.number == unix.SYS_WRITE && a[0] == uint64(syscall.Stdout) {
		line, err := w.memory(asked, a[1], a[2])
		return fileCall{kind: callReport, data: line}, true, err
	}
	name, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", asked.thread, a[0]))
	if err != nil {
		return call, false, nil // a bad descriptor: the kernel will say so
	}
	if call.path = w.relative(name); call.path == "" {
		return call, false, nil
	}
	switch asked.number {
	case unix.SYS_PREAD64:
		call.kind = callRead
	case unix.SYS_FSYNC, unix.SYS_FDATASYNC:
		call.kind = callSync
	case unix.SYS_FTRUNCATE:
		call.kind, call.offset = callTruncate, int64(a[1])
	case unix.SYS_PWRITE64:
		call.kind, call.offset = callWrite, int64(a[3])
		call.data, err = w.memory(asked, a[1], a[2])
	case unix.SYS_WRITE:
		call.kind = callWrite
		if call.offset, err = position(asked, a[0]); err == nil {
			call.data, err = w.memory(asked, a[1], a[2])
		}
	}
	return call, true, err
}

// relative is the path inside the folder, "" for one outside.
func (w *watched) relative(path string) string {
	inside, err := filepath.Rel(w.folder, path)
	if err != nil || strings.HasPrefix(inside, "..") {
		return ""
	}
	return inside
}

// position is where a descriptor's next write goes.
func position(asked *notification, descriptor uint64) (at int64, err error) {
	content, err := os.ReadFile(fmt.Sprintf("/proc/%d/fdinfo/%d", asked.thread, descriptor))
	if err == nil {
		_, err = fmt.Sscanf(string(content), "pos:%d", &at)
	}
	return at, err
}

// text is the NUL-terminated text at an address.
func (w *watched) text(asked *notification, address uint64) (string, error) {
	// Not past the end of a page: what follows may not be there.
	content, err := w.memory(asked, address, 4096-address%4096)
	if err != nil {
		return "", err
	}
	before, after, found := bytes.Cut(content, []byte{0})
	if found {
		return string(before), nil
	}
	rest, err := w.text(asked, address+uint64(len(before)+len(after)))
	return string(before) + rest, err
}

func (w *watched) memory(asked *notification, address, length uint64) ([]byte, error) {
	content := make([]byte, length)
	if length == 0 {
		return content, nil
	}
	local := []unix.Iovec{{Base: &content[0]}}
	local[0].SetLen(len(content))
	n, err := unix.ProcessVMReadv(int(asked.thread), local, []unix.RemoteIovec{{Base: uintptr(address), Len: len(content)}}, 0)
	if err == nil && n != len(content) {
		err = fmt.Errorf("read %d of %d bytes of the watched process", n, len(content))
	}
	return content, err
}
