package dns

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"
)

const (
	// failuresToPenalty is how many exchanges in a row must time out before a
	// server counts as failing: a single name may be slow at its own servers.
	failuresToPenalty = 3
	// A failing server is asked again after a while, that doubles.
	minPenalty = 10 * time.Second
	maxPenalty = 5 * time.Minute

	// socketUses is after how many questions a socket gives way to one with
	// another port, which is part of what an attacker must guess (RFC 5452 §4.5).
	socketUses = 1000
)

// A server is one name server: its idle sockets, and how it did lately.
type server struct {
	addr    string
	maxIdle int // sockets kept for later

	mu       sync.Mutex
	idle     []*socket
	failures int       // in a row
	retryAt  time.Time // with failures: when it is worth asking first again
}

// serverAddr reads "ADDR[:PORT]".
func serverAddr(text string) (string, error) {
	if addr, err := netip.ParseAddr(strings.Trim(text, "[]")); err == nil {
		return netip.AddrPortFrom(addr, 53).String(), nil
	}
	addr, err := netip.ParseAddrPort(text)
	if err != nil || addr.Port() == 0 {
		return "", errors.New("it is neither an address nor an address with a port")
	}
	return addr.String(), nil
}

// socket returns an idle socket or a new one.
func (s *server) socket(ctx context.Context) (*socket, error) {
	s.mu.Lock()
	if last := len(s.idle) - 1; last >= 0 {
		idle := s.idle[last]
		s.idle[last] = nil
		s.idle = s.idle[:last]
		s.mu.Unlock()
		return idle, nil
	}
	s.mu.Unlock()
	var dialer net.Dialer
	conn, err := dialer.DialContext(ctx, "udp", s.addr)
	if err != nil {
		return nil, err
	}
	return &socket{conn: conn, out: make([]byte, 0, maxQuery), in: make([]byte, udpSize+1)}, nil
}

// keep makes a socket whose last question was answered available again.
func (s *server) keep(used *socket) {
	used.uses++
	if used.uses < socketUses {
		s.mu.Lock()
		if len(s.idle) < s.maxIdle {
			s.idle = append(s.idle, used)
			used = nil
		}
		s.mu.Unlock()
	}
	if used != nil {
		used.conn.Close()
	}
}

func (s *server) closeIdle() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, idle := range s.idle {
		idle.conn.Close()
	}
	s.idle = nil
}

func (s *server) answered() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures = 0
}

func (s *server) failed(now time.Time, weight int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.failures += weight
	if s.failures >= failuresToPenalty {
		s.retryAt = now.Add(s.penalty())
	}
}

func (s *server) penalty() time.Duration {
	doublings := min(s.failures/failuresToPenalty-1, 10)
	return min(minPenalty<<doublings, maxPenalty)
}

// usable reports whether the server is fit to be asked. Of one whose penalty is
// over and that comes first it says so only once: one question finds out for all.
func (s *server) usable(now time.Time, first bool) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failures < failuresToPenalty {
		return true
	}
	if now.Before(s.retryAt) {
		return false
	}
	if first {
		s.retryAt = now.Add(s.penalty())
	}
	return true
}

// order returns the servers as a question shall ask them: those that fail last.
func (c *Client) order() []*server {
	if len(c.servers) == 1 {
		return c.servers[:1:1] // so that an append copies
	}
	now := c.now()
	order := make([]*server, 0, len(c.servers))
	var failing []*server
	for _, s := range c.servers {
		if s.usable(now, len(order) == 0) {
			order = append(order, s)
		} else {
			failing = append(failing, s)
		}
	}
	return append(order, failing...)
}
