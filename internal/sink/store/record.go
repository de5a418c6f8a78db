package store

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
)

// A kind is what a record of the log holds.
type kind byte

const (
	kindMessage kind = 1 // meta: envelope and session; body: the message
	kindReport  kind = 2 // meta: score and failed checks; body: the report
	kindDelete  kind = 3 // meta: ranges of messages
	kindTags    kind = 4 // meta: messages and their tags from now on
	kindRead    kind = 5 // meta: messages and their read mark from now on
	kindSession kind = 6 // meta: a session without a message
)

// flagMoved marks a copy of a record whose segment is about to go.
const flagMoved = 1

// A header stands before each record. Layout, little endian:
//
//	0 magic  4 kind  5 flags  6 zero  8 seq  16 time  24 meta  28 meta decoded
//	32 body  40 body decoded  48 CRC of meta and body  52 CRC of the 52 bytes before
//
// Both checksums begin with a secret of the store, so that bytes inside of a
// message never look like a record when a damaged log is searched for the next one.
type header struct {
	kind     kind
	flags    byte
	seq      uint64 // of the message that the record is about
	time     int64  // Unix nanoseconds
	metaLen  uint32 // as stored
	metaRaw  uint32 // decoded
	bodyLen  uint64 // as stored
	bodyRaw  uint64 // decoded
	checksum uint32 // of meta and body as stored
}

const (
	recordMagic = "PMR1"
	headerBytes = 56
	// maxMeta bounds envelope, session and transcript, or the other kinds' data.
	maxMeta = 64 << 20
	// maxBody bounds one message; SMTP servers take 50 to 150 MB.
	maxBody = 1 << 30
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

var errBadRecord = errors.New("no valid record")

// size returns how many bytes the record takes.
func (h *header) size() int64 { return headerBytes + int64(h.metaLen) + int64(h.bodyLen) }

// append appends the header as stored.
func (h *header) append(b []byte, secret uint32) []byte {
	start := len(b)
	b = append(b, recordMagic...)
	b = append(b, byte(h.kind), h.flags, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, h.seq)
	b = binary.LittleEndian.AppendUint64(b, uint64(h.time))
	b = binary.LittleEndian.AppendUint32(b, h.metaLen)
	b = binary.LittleEndian.AppendUint32(b, h.metaRaw)
	b = binary.LittleEndian.AppendUint64(b, h.bodyLen)
	b = binary.LittleEndian.AppendUint64(b, h.bodyRaw)
	b = binary.LittleEndian.AppendUint32(b, h.checksum)
	return binary.LittleEndian.AppendUint32(b, crc32.Update(secret, castagnoli, b[start:]))
}

// parseHeader reads a header and refuses one that append did not write.
func parseHeader(b []byte, secret uint32) (header, error) {
	if len(b) < headerBytes || string(b[:4]) != recordMagic {
		return header{}, errBadRecord
	}
	if crc32.Update(secret, castagnoli, b[:52]) != binary.LittleEndian.Uint32(b[52:]) {
		return header{}, errBadRecord
	}
	h := header{
		kind: kind(b[4]), flags: b[5],
		seq:      binary.LittleEndian.Uint64(b[8:]),
		time:     int64(binary.LittleEndian.Uint64(b[16:])),
		metaLen:  binary.LittleEndian.Uint32(b[24:]),
		metaRaw:  binary.LittleEndian.Uint32(b[28:]),
		bodyLen:  binary.LittleEndian.Uint64(b[32:]),
		bodyRaw:  binary.LittleEndian.Uint64(b[40:]),
		checksum: binary.LittleEndian.Uint32(b[48:]),
	}
	// What does not compress grows a little in its frame.
	if h.metaRaw > maxMeta || h.metaLen > 2*maxMeta || h.bodyRaw > maxBody || h.bodyLen > 2*maxBody || b[6] != 0 || b[7] != 0 {
		return header{}, errBadRecord
	}
	return h, nil
}

// A segmentHeader begins each segment file.
type segmentHeader struct {
	store   [16]byte // which store it is of; its first four bytes are the secret
	number  uint64
	nextSeq uint64 // the next message's when the segment was begun
}

const (
	segmentMagic       = "postmuster log 1\n"
	segmentHeaderBytes = 64
)

func (h *segmentHeader) append(b []byte) []byte {
	start := len(b)
	b = append(b, segmentMagic...)
	b = append(b, h.store[:]...)
	b = binary.LittleEndian.AppendUint64(b, h.number)
	b = binary.LittleEndian.AppendUint64(b, h.nextSeq)
	b = append(b, make([]byte, start+segmentHeaderBytes-4-len(b))...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func parseSegmentHeader(b []byte) (segmentHeader, error) {
	var h segmentHeader
	n := len(segmentMagic)
	if len(b) < segmentHeaderBytes || string(b[:n]) != segmentMagic ||
		crc32.Checksum(b[:segmentHeaderBytes-4], castagnoli) != binary.LittleEndian.Uint32(b[segmentHeaderBytes-4:]) {
		return h, errors.New("not a segment of a log")
	}
	copy(h.store[:], b[n:])
	h.number = binary.LittleEndian.Uint64(b[n+16:])
	h.nextSeq = binary.LittleEndian.Uint64(b[n+24:])
	return h, nil
}

func (h *segmentHeader) secret() uint32 { return binary.LittleEndian.Uint32(h.store[:]) }
