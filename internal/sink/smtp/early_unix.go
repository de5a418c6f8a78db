//go:build unix

package smtp

import (
	"net"
	"syscall"
)

// spokeEarly reports whether bytes of the client are there before it was greeted
// (RFC 5321 §4.3.1). It does not wait for them.
func spokeEarly(c net.Conn) bool {
	sc, ok := c.(syscall.Conn)
	if !ok {
		return false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return false
	}
	n := 0
	raw.Control(func(fd uintptr) {
		var b [1]byte
		n, _, _ = syscall.Recvfrom(int(fd), b[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
	})
	return n > 0
}
