package smtp

import (
	"context"
	"net"
	"sync"
	"time"
)

// idleEnough is how long a connection must have waited for its next command
// before it has to make room for another.
const idleEnough = time.Second

// running is a server between the start and the end of Serve.
type running struct {
	Config
	ctx context.Context // go-smtp's sessions get none

	again *handover

	mu    sync.Mutex
	conns map[*conn]struct{}
	ended bool
}

// A listener turns connections into those that go-smtp gets.
type listener struct {
	net.Listener
	running *running
}

func (l *listener) Accept() (net.Conn, error) {
	for {
		accepted, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if c := l.running.admit(accepted); c != nil {
			return &leg{conn: c}, nil
		}
		l.running.refuse(accepted)
	}
}

// admit returns a new connection, or nil when there are too many. At the limit
// the one that has been idle longest makes room, so that thousands of idle
// clients do not keep out one that has mail.
func (r *running) admit(accepted net.Conn) *conn {
	c := newConn(r, accepted)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.ended {
		return nil
	}
	if len(r.conns) >= r.MaxConnections {
		idle := r.longestIdle()
		if idle == nil {
			return nil
		}
		idle.interrupt(stopEvicted)
		delete(r.conns, idle)
	}
	r.conns[c] = struct{}{}
	return c
}

func (r *running) longestIdle() (oldest *conn) {
	since := r.Now().Add(-idleEnough).UnixNano()
	for c := range r.conns {
		if at := c.idleSince.Load(); at != 0 && at < since {
			oldest, since = c, at
		}
	}
	return oldest
}

// refuse answers a connection that is one too many.
func (r *running) refuse(accepted net.Conn) {
	r.Logger.Debug("too many connections", "peer", accepted.RemoteAddr())
	if !r.ImplicitTLS {
		accepted.SetWriteDeadline(time.Now().Add(interruptedWrite))
		accepted.Write([]byte("421 4.3.2 " + r.Domain + " too many connections, try again later\r\n"))
	}
	accepted.Close()
}

func (r *running) forget(c *conn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, c)
}

func (r *running) interruptAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.ended = true
	for c := range r.conns {
		c.interrupt(stopShutdown)
	}
}

// A handover is a listener for connections that begin anew as far as go-smtp is
// concerned: after STARTTLS the server must forget what the client had said
// (RFC 3207 §4.2).
type handover struct {
	legs   chan *leg
	closed chan struct{}
	once   sync.Once
}

func newHandover() *handover {
	return &handover{legs: make(chan *leg), closed: make(chan struct{})}
}

// pass reports whether the leg will be served.
func (h *handover) pass(l *leg) bool {
	select {
	case h.legs <- l:
		return true
	case <-h.closed:
		return false
	}
}

func (h *handover) Accept() (net.Conn, error) {
	select {
	case l := <-h.legs:
		return l, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *handover) Close() error {
	h.once.Do(func() { close(h.closed) })
	return nil
}

func (h *handover) Addr() net.Addr { return nil }
