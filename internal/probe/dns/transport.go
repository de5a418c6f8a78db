package dns

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"time"

	"github.com/postmuster/postmuster/internal/dns"
)

// A malformedError says that a server sent what cannot be read.
type malformedError struct{ err error }

func (e *malformedError) Error() string { return e.err.Error() }
func (e *malformedError) Unwrap() error { return e.err }

// classify gives what went wrong with an exchange its cause.
func classify(err error) *dns.Error {
	var stray strayError
	var malformed *malformedError
	var network net.Error
	switch {
	case errors.As(err, &malformed), errors.As(err, &stray):
		return &dns.Error{Cause: dns.CauseMalformed, Err: err}
	case errors.As(err, &network) && network.Timeout():
		return &dns.Error{Cause: dns.CauseTimeout}
	default:
		return &dns.Error{Cause: dns.CauseNetwork, Err: withoutPorts(err)}
	}
}

// withoutPorts leaves of a socket's error what happened: "connection refused".
// Our own port, another one each time, would make equal failures look different.
func withoutPorts(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) {
		return errno
	}
	return err
}

// interrupt makes the connection's calls return once ctx is cancelled: the
// deadline alone would hold the caller. The returned function ends that, and
// reports false if it came too late.
func interrupt(ctx context.Context, conn net.Conn) (stop func() bool) {
	if ctx.Done() == nil {
		return func() bool { return true }
	}
	return context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
}

// overUDP sends the question in a datagram and waits for the one that answers it.
func overUDP(ctx context.Context, s *server, question []byte, f flags, deadline time.Time) (*response, error) {
	socket, err := s.socket(ctx)
	if err != nil {
		return nil, err
	}
	socket.conn.SetDeadline(deadline)
	stop := interrupt(ctx, socket.conn)
	r, err := socket.exchange(question, f)
	if stop() && err == nil {
		s.keep(socket)
	} else {
		socket.conn.Close() // a late answer must not meet the next question
	}
	return r, err
}

// A socket is a connected UDP socket with its buffers.
type socket struct {
	conn net.Conn
	uses int
	out  []byte
	in   []byte
}

func (s *socket) exchange(question []byte, f flags) (*response, error) {
	id := uint16(rand.Uint32())
	s.out = appendQuery(s.out[:0], id, question, f)
	if _, err := s.conn.Write(s.out); err != nil {
		return nil, err
	}
	var stray error // anybody can send a datagram: go on waiting
	for {
		n, err := s.conn.Read(s.in)
		if err != nil {
			if stray != nil && errors.Is(err, os.ErrDeadlineExceeded) {
				return nil, stray
			}
			return nil, err
		}
		if stray = checkResponse(s.in[:n], id, question); stray != nil {
			continue
		}
		r, err := parseResponse(s.in[:n], question)
		if err != nil {
			return nil, &malformedError{err}
		}
		return r, nil
	}
}

// overStream sends the question over a TCP connection of its own (RFC 7766).
func overStream(ctx context.Context, s *server, question []byte, f flags, deadline time.Time) (*response, error) {
	dialer := net.Dialer{Deadline: deadline}
	conn, err := dialer.DialContext(ctx, "tcp", s.addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	conn.SetDeadline(deadline)
	defer interrupt(ctx, conn)()

	id := uint16(rand.Uint32())
	query := appendQuery(make([]byte, 2, 2+maxQuery), id, question, f)
	binary.BigEndian.PutUint16(query, uint16(len(query)-2)) // RFC 1035 §4.2.2
	if _, err := conn.Write(query); err != nil {
		return nil, err
	}
	var size [2]byte
	if _, err := io.ReadFull(conn, size[:]); err != nil {
		return nil, endedEarly(err)
	}
	message := make([]byte, binary.BigEndian.Uint16(size[:]))
	if _, err := io.ReadFull(conn, message); err != nil {
		return nil, endedEarly(err)
	}
	if err := checkResponse(message, id, question); err != nil {
		return nil, err
	}
	r, err := parseResponse(message, question)
	if err != nil {
		return nil, &malformedError{err}
	}
	return r, nil
}

func endedEarly(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &malformedError{fmt.Errorf("the TCP connection ended early: %w", io.ErrUnexpectedEOF)}
	}
	return err
}
