package httpd

import (
	"container/list"
	"context"
	"net"
	"net/http"
	"sync"
)

// connections is a listener that holds a bounded number of connections. When one
// more comes, the one that has been idle longest has to go: thousands of
// connections that do nothing keep nobody out.
type connections struct {
	net.Listener
	limit int

	mu   sync.Mutex
	all  map[*connection]*list.Element // its place in idle; nil while it answers a request
	idle *list.List                    // of *connection, the longest idle first
}

type connection struct {
	net.Conn
	of   *connections
	once sync.Once
}

func newConnections(l net.Listener, limit int) *connections {
	return &connections{Listener: l, limit: limit, all: map[*connection]*list.Element{}, idle: list.New()}
}

// Accept waits for a connection. One that finds all others at work is closed.
func (c *connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if admitted := c.admit(conn); admitted != nil {
			return admitted, nil
		}
		conn.Close()
	}
}

func (c *connections) admit(conn net.Conn) net.Conn {
	c.mu.Lock()
	var evicted *connection
	if len(c.all) >= c.limit {
		if front := c.idle.Front(); front != nil {
			evicted = front.Value.(*connection)
		} else {
			c.mu.Unlock()
			return nil
		}
	}
	admitted := &connection{Conn: conn, of: c}
	c.all[admitted] = c.idle.PushBack(admitted)
	c.mu.Unlock()
	if evicted != nil {
		evicted.Close()
	}
	return admitted
}

// context lets working find the connection of a request.
func (c *connections) context(ctx context.Context, conn net.Conn) context.Context {
	return context.WithValue(ctx, connectionKey{}, ours(conn))
}

type connectionKey struct{}

// working takes the connection of a request from those that are idle. One that
// has sent the beginning of a request, and no more, stays among them.
func (c *connections) working(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if conn, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			c.move(conn, false)
		}
		next.ServeHTTP(w, r)
	})
}

// state puts a connection whose request was answered back among the idle ones.
func (c *connections) state(conn net.Conn, state http.ConnState) {
	if conn := ours(conn); conn != nil && state == http.StateIdle {
		c.move(conn, true)
	}
}

func (c *connections) move(conn *connection, idle bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	place, held := c.all[conn]
	if !held {
		return
	}
	if place != nil {
		c.idle.Remove(place)
	}
	c.all[conn] = nil
	if idle {
		c.all[conn] = c.idle.PushBack(conn)
	}
}

// ours returns the connection that Accept returned, which TLS may have wrapped.
func ours(conn net.Conn) *connection {
	if t, ok := conn.(interface{ NetConn() net.Conn }); ok {
		conn = t.NetConn()
	}
	c, _ := conn.(*connection)
	return c
}

// Close closes the connection and makes room for another.
func (c *connection) Close() error {
	c.once.Do(func() {
		c.of.mu.Lock()
		defer c.of.mu.Unlock()
		if place := c.of.all[c]; place != nil {
			c.of.idle.Remove(place)
		}
		delete(c.of.all, c)
	})
	return c.Conn.Close()
}

// CloseWrite lets the HTTP server end a connection without losing its last answer.
func (c *connection) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return nil
}
