//go:build unix

package smtp

import "syscall"

// A mapping is memory that goes back to the system at once, not when the
// garbage collector sees fit.
type mapping struct {
	bytes  []byte
	mapped bool
}

func mapChunk(size int) mapping {
	m, err := syscall.Mmap(-1, 0, size, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
	if err != nil { // there are too many mappings
		return mapping{bytes: make([]byte, size)}
	}
	return mapping{bytes: m, mapped: true}
}

func (m *mapping) unmap() {
	if m.mapped {
		syscall.Munmap(m.bytes)
	}
	*m = mapping{}
}
