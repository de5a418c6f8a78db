//go:build linux || darwin || freebsd

package store

import "syscall"

// diskSpace returns how much of the disk of a directory is free, and its size.
func diskSpace(dir string) (free, total int64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(dir, &s); err != nil || s.Blocks == 0 { // some network disks do not say
		return 0, 0, false
	}
	return int64(s.Bavail) * int64(s.Bsize), int64(s.Blocks) * int64(s.Bsize), true
}
