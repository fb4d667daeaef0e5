package store

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

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
