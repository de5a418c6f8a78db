package dnstest

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"time"

	mdns "github.com/miekg/dns"

	"github.com/postmuster/postmuster/internal/dns"
	"github.com/postmuster/postmuster/internal/probe/dns/wire"
)

// An Option changes how a Server answers.
type Option func(*World)

// AuthenticData sets the AD bit in every answer, whatever _secure says.
func AuthenticData() Option { return func(w *World) { w.secure = true } }

// A Server answers over UDP and TCP on one address.
type Server struct {
	*World
	addr netip.AddrPort
	udp  *mdns.Server
	tcp  *mdns.Server

	close sync.Once
	done  chan struct{} // closed by Close, so that slow answers end
	wait  sync.WaitGroup
}

// Listen serves the world of zoneText on addr, such as "127.0.0.1:0".
func Listen(zoneText, addr string, options ...Option) (*Server, error) {
	w, err := parse(zoneText)
	if err != nil {
		return nil, err
	}
	for _, option := range options {
		option(w)
	}
	packets, listener, err := listen(addr)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", addr, err)
	}
	s := &Server{World: w, addr: listener.Addr().(*net.TCPAddr).AddrPort(), done: make(chan struct{})}
	s.udp = &mdns.Server{PacketConn: packets, Handler: mdns.HandlerFunc(s.serve)}
	s.tcp = &mdns.Server{Listener: listener, Handler: mdns.HandlerFunc(s.serve)}
	var started sync.WaitGroup
	for _, server := range []*mdns.Server{s.udp, s.tcp} {
		started.Add(1)
		server.NotifyStartedFunc = started.Done
		s.wait.Go(func() { server.ActivateAndServe() })
	}
	started.Wait()
	return s, nil
}

// listen takes the same port for both transports.
func listen(addr string) (net.PacketConn, net.Listener, error) {
	const attempts = 10 // the port that is free for one may be taken for the other
	var failed error
	for range attempts {
		listener, err := net.Listen("tcp", addr)
		if err != nil {
			return nil, nil, err
		}
		packets, err := net.ListenPacket("udp", listener.Addr().String())
		if err == nil {
			return packets, listener, nil
		}
		listener.Close()
		failed = err
	}
	return nil, nil, failed
}

// Addr returns the address of the server, as --resolver takes it.
func (s *Server) Addr() string { return s.addr.String() }

// AddrPort returns the same.
func (s *Server) AddrPort() netip.AddrPort { return s.addr }

// Close ends the server.
func (s *Server) Close() error {
	var err error
	s.close.Do(func() {
		close(s.done)
		err = errors.Join(s.udp.Shutdown(), s.tcp.Shutdown())
		s.wait.Wait()
	})
	return err
}

func (s *Server) serve(w mdns.ResponseWriter, request *mdns.Msg) {
	if len(request.Question) != 1 {
		s.write(w, new(mdns.Msg).SetRcodeFormatError(request))
		return
	}
	asked := request.Question[0]
	q := dns.Question{Name: wire.Name(asked.Name), Type: dns.Type(asked.Qtype), CheckingDisabled: request.CheckingDisabled}
	opt := request.IsEdns0()
	q.WantDNSSEC = opt != nil && opt.Do()
	s.log(q)
	r := s.reply(q)
	_, overUDP := w.LocalAddr().(*net.UDPAddr)
	switch r.behaviour.kind {
	case kindTimeout:
		return
	case kindSlow:
		if !s.pause(r.behaviour.delay) {
			return
		}
	case kindGarbage:
		w.Write([]byte("220 mx.example.com ESMTP\r\n"))
		return
	}
	response, err := s.message(request, r, overUDP)
	if err != nil {
		response = new(mdns.Msg).SetRcode(request, mdns.RcodeServerFailure)
	}
	if overUDP {
		size := mdns.MinMsgSize
		if opt != nil {
			size = max(size, int(opt.UDPSize()))
		}
		response.Truncate(size)
	} else {
		response.Truncate(mdns.MaxMsgSize)
	}
	s.write(w, response)
}

func (s *Server) write(w mdns.ResponseWriter, m *mdns.Msg) {
	if err := w.WriteMsg(m); err != nil {
		w.Close()
	}
}

// pause waits, and reports false if the server was closed meanwhile.
func (s *Server) pause(d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-s.done:
		return false
	}
}

// message writes a reply as a DNS message.
func (s *Server) message(request *mdns.Msg, r reply, overUDP bool) (*mdns.Msg, error) {
	m := new(mdns.Msg).SetReply(request)
	m.RecursionAvailable, m.Compress = true, true
	opt := request.IsEdns0()
	if opt != nil {
		m.SetEdns0(1232, opt.Do())
	}
	switch b := r.behaviour; b.kind {
	case kindRcode:
		m.Rcode = int(b.rcode)
		for _, e := range b.ede {
			if reply := m.IsEdns0(); reply != nil {
				reply.Option = append(reply.Option, &mdns.EDNS0_EDE{InfoCode: e.Code, ExtraText: e.Text})
			}
		}
		return m, nil
	case kindNoEDNS:
		if opt != nil {
			m.Extra, m.Rcode = nil, mdns.RcodeFormatError
			return m, nil
		}
	case kindTruncate:
		if overUDP {
			m.Truncated = true
			return m, nil
		}
	case kindWrongName:
		m.Question[0].Name = "wrong." + strings.TrimPrefix(m.Question[0].Name, ".")
	case kindWrongID:
		m.Id++
	case kindOneStep:
		firstStep(r.answer)
	}
	return m, fill(m, r.answer)
}

// firstStep leaves only the first CNAME of a chain.
func firstStep(a *dns.Answer) {
	if len(a.Records) > 0 && a.Records[0].Type() == dns.TypeCNAME {
		a.Records, a.Authority, a.Rcode = a.Records[:1], nil, dns.RcodeNoError
	}
}

func fill(m *mdns.Msg, a *dns.Answer) error {
	m.Rcode, m.AuthenticatedData = int(a.Rcode), a.AuthenticData
	var err error
	if m.Answer, err = records(a.Records); err != nil {
		return err
	}
	m.Ns, err = records(a.Authority)
	return err
}

func records(ours []dns.Record) ([]mdns.RR, error) {
	var theirs []mdns.RR
	for _, record := range ours {
		rr, err := wire.RR(record)
		if err != nil {
			return nil, err
		}
		theirs = append(theirs, rr)
	}
	return theirs, nil
}
