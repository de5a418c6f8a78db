package facts

import (
	"cmp"
	"context"
	"net/netip"

	"github.com/postmuster/postmuster/checks/fact"
	"github.com/postmuster/postmuster/internal/smtp"
)

// maxSessions bounds the sessions held for one domain.
const maxSessions = 32

const defaultSMTPPort = 25

// A Session is what was said with one address of an MX host.
type Session struct {
	Host MXHost
	*smtp.Session
}

// Sessions are the sessions with every address of the domain's MX hosts, the
// preferred host first. Addresses that are not public are left out: a domain
// that points its MX at this machine or at a private network would have us talk
// to it.
var Sessions = fact.New("SMTP sessions", func(ctx context.Context, s *fact.Set) ([]Session, error) {
	if s.Options.NoSMTP {
		return nil, &fact.NotAsked{Reason: "--no-smtp"}
	}
	routing, err := MXRouting.Get(ctx, s)
	if err != nil {
		return nil, err
	}
	port := s.Options.SMTPPort
	if port == 0 {
		port = defaultSMTPPort
	}
	var sessions []Session
	var unknown error
	for _, host := range routing.Hosts {
		unknown = cmp.Or(unknown, host.Err)
		for _, addr := range host.Addrs {
			if (s.Options.AllowPrivate || !NotPublic(addr)) && len(sessions) < maxSessions {
				target := smtp.Target{Host: host.Name, Addr: netip.AddrPortFrom(addr, port)}
				sessions = append(sessions, Session{Host: host, Session: &smtp.Session{Target: target}})
			}
		}
	}
	if len(sessions) == 0 && unknown != nil {
		return nil, unknown // there may be a mail server
	}
	each(len(sessions), func(i int) {
		sessions[i].Session = s.Net.SMTP.Probe(ctx, sessions[i].Target)
	})
	return sessions, nil
})
