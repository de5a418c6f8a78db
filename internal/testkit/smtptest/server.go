package smtptest

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"
)

const (
	maxLine     = 4096     // well over the 1000 octets of RFC 5321 §4.5.3.1.6
	maxMessage  = 10 << 20 // bytes of one message
	maxKept     = 1000     // messages; the oldest goes first
	idleTimeout = time.Minute
)

// A Config says how a mail exchanger behaves.
type Config struct {
	Hostname   string      // in the banner and the reply to EHLO
	Extensions []string    // what EHLO offers: "SIZE 1000", "8BITMIME"
	TLS        *tls.Config // offered as STARTTLS unless nil
	// Replies replaces the reply to a verb: "RCPT": "450 4.2.0 greylisted".
	// "BANNER" is the banner, "." the reply to a message. Lines are separated
	// by "\n". After a 421 and after a banner that is not 220 the session ends.
	Replies map[string]string
	// Addr to listen on, on loopback; a free port of 127.0.0.1 when zero.
	Addr netip.AddrPort
}

// A Message is what a server received.
type Message struct {
	HELO string
	TLS  bool
	From string   // the reverse-path, without brackets
	To   []string // the forward-paths, without brackets
	Data []byte   // lines end in CRLF; dots unstuffed
}

// A Server is a mail exchanger on loopback.
type Server struct {
	config   Config
	listener net.Listener
	running  sync.WaitGroup

	mu       sync.Mutex
	closed   bool
	conns    map[net.Conn]bool
	sessions int
	messages []Message
}

// Listen starts a server.
func Listen(c Config) (*Server, error) {
	if !c.Addr.IsValid() {
		c.Addr = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 0)
	}
	if !c.Addr.Addr().IsLoopback() {
		return nil, fmt.Errorf("listen on %s: not a loopback address", c.Addr)
	}
	listener, err := net.Listen("tcp", c.Addr.String())
	if err != nil {
		return nil, err
	}
	s := &Server{config: c, listener: listener, conns: map[net.Conn]bool{}}
	s.running.Go(s.accept)
	return s, nil
}

// Addr is where it listens.
func (s *Server) Addr() netip.AddrPort { return s.listener.Addr().(*net.TCPAddr).AddrPort() }

// Messages returns what it received, oldest first.
func (s *Server) Messages() []Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

// Sessions returns how many clients have connected.
func (s *Server) Sessions() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.sessions
}

// Close ends its sessions and waits for them.
func (s *Server) Close() error {
	err := s.listener.Close()
	s.mu.Lock()
	s.closed = true
	for conn := range s.conns {
		conn.Close()
	}
	s.mu.Unlock()
	s.running.Wait()
	return err
}

func (s *Server) accept() {
	for {
		conn, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.running.Go(func() {
			defer conn.Close()
			if s.add(conn) {
				defer s.remove(conn)
				newSession(s, conn).run()
			}
		})
	}
}

func (s *Server) add(conn net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return false
	}
	s.conns[conn] = true
	s.sessions++
	return true
}

func (s *Server) remove(conn net.Conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.conns, conn)
}

func (s *Server) keep(m Message) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.messages) == maxKept {
		s.messages = slices.Delete(s.messages, 0, 1)
	}
	s.messages = append(s.messages, m)
}

// A session is the dialogue with one client.
type session struct {
	server *Server
	conn   net.Conn
	in     *bufio.Reader
	idle   *time.Timer

	helo string
	tls  bool
	mail *Message // since MAIL
}

var errGoodbye = errors.New("the session is over")

func newSession(s *Server, conn net.Conn) *session {
	return &session{
		server: s,
		conn:   conn,
		in:     bufio.NewReaderSize(conn, maxLine),
		idle:   time.AfterFunc(idleTimeout, func() { conn.Close() }),
	}
}

func (s *session) run() {
	defer s.idle.Stop()
	if code, err := s.reply("BANNER", "220 "+s.server.config.Hostname+" ESMTP"); err != nil || code != "220" {
		return
	}
	for {
		line, err := s.readLine()
		if err != nil {
			return
		}
		if err := s.command(line); err != nil {
			return
		}
	}
}

func (s *session) readLine() (string, error) {
	s.idle.Reset(idleTimeout)
	line, err := s.in.ReadSlice('\n')
	if err != nil {
		return "", err
	}
	return strings.TrimRight(string(line), "\r\n"), nil
}

// reply sends the configured reply to a verb, or this one, and returns its code.
func (s *session) reply(verb, text string) (code string, err error) {
	if configured, ok := s.server.config.Replies[verb]; ok {
		text = configured
	}
	code = text[:min(3, len(text))]
	_, err = io.WriteString(s.conn, strings.ReplaceAll(text, "\n", "\r\n")+"\r\n")
	if err == nil && code == "421" {
		err = errGoodbye
	}
	return code, err
}

func (s *session) command(line string) error {
	verb, args, _ := strings.Cut(line, " ")
	verb = strings.ToUpper(verb)
	switch verb {
	case "EHLO", "HELO":
		return s.hello(verb, args)
	case "STARTTLS":
		return s.startTLS()
	case "MAIL":
		return s.mailFrom(args)
	case "RCPT":
		return s.rcptTo(args)
	case "DATA":
		return s.data()
	case "RSET":
		s.mail = nil
		return s.say(verb, "250 2.0.0 ok")
	case "NOOP":
		return s.say(verb, "250 2.0.0 ok")
	case "QUIT":
		s.say(verb, "221 2.0.0 bye")
		return errGoodbye
	default:
		return s.say(verb, "500 5.5.1 command not recognized")
	}
}

func (s *session) say(verb, text string) error {
	_, err := s.reply(verb, text)
	return err
}

func (s *session) hello(verb, name string) error {
	s.helo, s.mail = name, nil
	if verb == "HELO" {
		return s.say(verb, "250 "+s.server.config.Hostname)
	}
	lines := append([]string{s.server.config.Hostname}, s.server.config.Extensions...)
	if s.server.config.TLS != nil && !s.tls {
		lines = append(lines, "STARTTLS") // RFC 3207 §4.2: not again inside TLS
	}
	last := len(lines) - 1
	return s.say(verb, strings.Join(append(prefixed("250-", lines[:last]), "250 "+lines[last]), "\n"))
}

func prefixed(prefix string, lines []string) []string {
	var all []string
	for _, line := range lines {
		all = append(all, prefix+line)
	}
	return all
}

func (s *session) startTLS() error {
	if s.server.config.TLS == nil || s.tls {
		return s.say("STARTTLS", "502 5.5.1 not offered")
	}
	code, err := s.reply("STARTTLS", "220 2.0.0 ready to start TLS")
	if err != nil || code != "220" {
		return err
	}
	conn := tls.Server(s.conn, s.server.config.TLS)
	if err := conn.Handshake(); err != nil {
		return fmt.Errorf("TLS handshake: %w", err)
	}
	// A new reader: what was sent before the handshake is not to be believed.
	s.conn, s.in, s.tls = conn, bufio.NewReaderSize(conn, maxLine), true
	s.helo, s.mail = "", nil
	return nil
}

func (s *session) mailFrom(args string) error {
	path, ok := path(args, "FROM:")
	if !ok {
		return s.say("", "501 5.5.4 syntax: MAIL FROM:<address>")
	}
	if s.helo == "" || s.mail != nil {
		return s.say("", "503 5.5.1 bad sequence of commands")
	}
	code, err := s.reply("MAIL", "250 2.1.0 ok")
	if strings.HasPrefix(code, "2") {
		s.mail = &Message{HELO: s.helo, TLS: s.tls, From: path}
	}
	return err
}

func (s *session) rcptTo(args string) error {
	path, ok := path(args, "TO:")
	if !ok {
		return s.say("", "501 5.5.4 syntax: RCPT TO:<address>")
	}
	if s.mail == nil {
		return s.say("", "503 5.5.1 bad sequence of commands")
	}
	if len(s.mail.To) == 100 { // RFC 5321 §4.5.3.1.8
		return s.say("", "452 4.5.3 too many recipients")
	}
	code, err := s.reply("RCPT", "250 2.1.5 ok")
	if strings.HasPrefix(code, "2") {
		s.mail.To = append(s.mail.To, path)
	}
	return err
}

// path reads "FROM:<user@example.com> SIZE=1000".
func path(args, prefix string) (string, bool) {
	if len(args) < len(prefix) || !strings.EqualFold(args[:len(prefix)], prefix) {
		return "", false
	}
	rest, ok := strings.CutPrefix(strings.TrimLeft(args[len(prefix):], " "), "<")
	if !ok {
		return "", false
	}
	path, _, ok := strings.Cut(rest, ">")
	return path, ok
}

func (s *session) data() error {
	if s.mail == nil || len(s.mail.To) == 0 {
		return s.say("", "503 5.5.1 bad sequence of commands")
	}
	code, err := s.reply("DATA", "354 go ahead")
	if err != nil || code != "354" {
		return err
	}
	for {
		line, err := s.readLine()
		if err != nil {
			return err
		}
		if line == "." {
			break
		}
		if len(s.mail.Data) > maxMessage {
			s.say("", "552 5.3.4 message too big")
			return errGoodbye
		}
		line = strings.TrimPrefix(line, ".") // RFC 5321 §4.5.2
		s.mail.Data = append(append(s.mail.Data, line...), "\r\n"...)
	}
	code, err = s.reply(".", "250 2.0.0 accepted")
	if strings.HasPrefix(code, "2") {
		s.server.keep(*s.mail)
	}
	s.mail = nil
	return err
}
