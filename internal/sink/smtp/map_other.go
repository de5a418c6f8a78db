//go:build !unix

package smtp

// A mapping is memory of the heap here.
type mapping struct{ bytes []byte }

func mapChunk(size int) mapping { return mapping{make([]byte, size)} }

func (m *mapping) unmap() { *m = mapping{} }
