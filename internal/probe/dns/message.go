package dns

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
)

const (
	headerSize  = 12
	maxQuestion = 255 + 4 // RFC 1035 §4.1.2
	optSize     = 11
	maxQuery    = headerSize + maxQuestion + optSize

	// udpSize is the size of response asked for: what passes without fragments
	// (RFC 9715 §3.2, DNS Flag Day 2020).
	udpSize = 1232

	// maxRecords bounds a response. 64 KB can hold 5,900 records, of which
	// nothing in mail needs more than some dozens.
	maxRecords = 2000
)

// Bits of the header's second word (RFC 1035 §4.1.1, RFC 4035 §3.2).
const (
	bitResponse         = 1 << 15
	maskOpcode          = 0xf << 11
	bitTruncated        = 1 << 9
	bitRecursion        = 1 << 8
	bitAuthentic        = 1 << 5
	bitCheckingDisabled = 1 << 4
	maskRcode           = 0xf
)

// flags are what a query says besides its question.
type flags struct {
	edns, dnssecOK, checkingDisabled bool
}

func flagsOf(q dns.Question) flags {
	return flags{edns: true, dnssecOK: q.WantDNSSEC, checkingDisabled: q.CheckingDisabled}
}

// appendQuestion appends the question section.
func appendQuestion(b []byte, q dns.Question) ([]byte, error) {
	b, err := wire.AppendName(b, q.Name)
	if err != nil {
		return nil, err
	}
	b = binary.BigEndian.AppendUint16(b, uint16(q.Type))
	return binary.BigEndian.AppendUint16(b, mdns.ClassINET), nil
}

// appendQuery appends a whole query.
func appendQuery(b []byte, id uint16, question []byte, f flags) []byte {
	header := uint16(bitRecursion)
	if f.checkingDisabled {
		header |= bitCheckingDisabled
	}
	// A query may set AD to say that it understands it in the response (RFC 6840 §5.7).
	header |= bitAuthentic
	additional := uint16(0)
	if f.edns {
		additional = 1
	}
	for _, word := range [...]uint16{id, header, 1, 0, 0, additional} {
		b = binary.BigEndian.AppendUint16(b, word)
	}
	b = append(b, question...)
	if !f.edns {
		return b
	}
	ttl := uint32(0)
	if f.dnssecOK {
		ttl = 1 << 15 // RFC 3225 §3
	}
	b = append(b, 0) // the root; RFC 6891 §6.1.2
	b = binary.BigEndian.AppendUint16(b, mdns.TypeOPT)
	b = binary.BigEndian.AppendUint16(b, udpSize)
	b = binary.BigEndian.AppendUint32(b, ttl)
	return binary.BigEndian.AppendUint16(b, 0)
}

// A response is what a server sent back.
type response struct {
	rcode             dns.Rcode
	truncated         bool // then nothing else was read
	authentic         bool
	answer, authority []dns.Record
	extended          []dns.ExtendedError
}

// A strayError says why a message is no response to the query.
type strayError string

func (e strayError) Error() string { return string(e) }

// checkResponse reports whether a message answers the query that had this ID
// and question (RFC 5452 §9.1).
func checkResponse(message []byte, id uint16, question []byte) error {
	if len(message) < headerSize {
		return strayError(fmt.Sprintf("%d octets are no DNS message", len(message)))
	}
	header := binary.BigEndian.Uint16(message[2:])
	switch {
	case binary.BigEndian.Uint16(message) != id:
		return strayError("an answer with another ID")
	case header&bitResponse == 0 || header&maskOpcode != 0:
		return strayError("not a response to a query")
	}
	if questions := binary.BigEndian.Uint16(message[4:]); questions == 0 && isError(header) {
		return nil // some servers leave the question out when they refuse
	} else if questions != 1 || !sameQuestion(message[headerSize:], question) {
		return strayError("an answer to another question")
	}
	return nil
}

func isError(header uint16) bool {
	rcode := dns.Rcode(header & maskRcode)
	return rcode != dns.RcodeNoError && rcode != dns.RcodeNXDomain
}

// sameQuestion compares without regard to the case of the name (RFC 4343). The
// lengths of labels are below the letters, so folding leaves them alone.
func sameQuestion(message, question []byte) bool {
	if len(message) < len(question) {
		return false
	}
	name := len(question) - 4
	for i, c := range question[:name] {
		if foldASCII(c) != foldASCII(message[i]) {
			return false
		}
	}
	return bytes.Equal(message[name:len(question)], question[name:])
}

func foldASCII(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// parseResponse reads a message that checkResponse accepted.
func parseResponse(message, question []byte) (*response, error) {
	header := binary.BigEndian.Uint16(message[2:])
	r := &response{
		rcode:     dns.Rcode(header & maskRcode),
		truncated: header&bitTruncated != 0,
		authentic: header&bitAuthentic != 0,
	}
	if r.truncated {
		return r, nil
	}
	var counts [3]int
	total := 0
	for i := range counts {
		counts[i] = int(binary.BigEndian.Uint16(message[6+2*i:]))
		total += counts[i]
	}
	if total > maxRecords {
		return nil, fmt.Errorf("%d records, more than %d", total, maxRecords)
	}
	offset := headerSize
	if binary.BigEndian.Uint16(message[4:]) == 1 {
		offset += len(question)
	}
	var err error
	if r.answer, offset, err = readRecords(message, offset, counts[0]); err != nil {
		return nil, fmt.Errorf("answer section: %w", err)
	}
	if r.authority, offset, err = readRecords(message, offset, counts[1]); err != nil {
		return nil, fmt.Errorf("authority section: %w", err)
	}
	if err = r.readAdditional(message, offset, counts[2]); err != nil {
		return nil, fmt.Errorf("additional section: %w", err)
	}
	return r, nil
}

func readRecords(message []byte, offset, count int) ([]dns.Record, int, error) {
	var records []dns.Record
	for range count {
		rr, after, err := readRecord(message, offset)
		if err != nil {
			return nil, offset, err
		}
		offset = after
		if rr.Header().Class != mdns.ClassINET {
			continue
		}
		record, err := wire.Record(rr)
		if err != nil {
			return nil, offset, err
		}
		if records == nil {
			records = make([]dns.Record, 0, min(count, 8)) // the count is the server's word
		}
		records = append(records, record)
	}
	return records, offset, nil
}

// readRecord reads one record. The library takes the end of the message, and
// data of no octets, for a record.
func readRecord(message []byte, offset int) (mdns.RR, int, error) {
	if offset >= len(message) {
		return nil, offset, errors.New("the message ends before its records")
	}
	rr, after, err := mdns.UnpackRR(message, offset)
	if err != nil {
		return nil, offset, err
	}
	h := rr.Header()
	if _, unknown := rr.(*mdns.RFC3597); h.Rdlength == 0 && !unknown && !mayBeEmpty(h.Rrtype) {
		return nil, offset, fmt.Errorf("a record of type %s has no data", dns.Type(h.Rrtype))
	}
	return rr, after, nil
}

// mayBeEmpty reports whether a record of this type may have no data. A TXT
// record may not, but one that does says nothing about those beside it.
func mayBeEmpty(t uint16) bool {
	return t == mdns.TypeTXT || t == mdns.TypeOPT || t == mdns.TypeAPL || t == mdns.TypeNULL
}

// readAdditional reads the OPT record: the upper bits of the response code and
// the extended errors.
func (r *response) readAdditional(message []byte, offset, count int) error {
	for range count {
		rr, after, err := readRecord(message, offset)
		if err != nil {
			return err
		}
		offset = after
		opt, ok := rr.(*mdns.OPT)
		if !ok {
			continue
		}
		r.rcode |= dns.Rcode(opt.Hdr.Ttl >> 24 << 4)
		for _, option := range opt.Option {
			if e, ok := option.(*mdns.EDNS0_EDE); ok {
				r.extended = append(r.extended, dns.ExtendedError{Code: e.InfoCode, Text: e.ExtraText})
			}
		}
	}
	return nil
}
